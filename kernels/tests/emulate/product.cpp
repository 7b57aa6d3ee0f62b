// Runs a linear layer's kernel and compares it with sums in double.
// Arguments: rows, inputs, outputs, rows and columns of a cube's tile. KERNEL, NUMBER, FOUR and INPUT are given by the build.
#include "cuda.h"
#include "kernel.inc"

int main(int, char** arguments) {
    unsigned a[5];
    for (int i = 0; i < 5; i++) a[i] = std::atoi(arguments[i + 1]);
    const auto [rows, inputs, outputs, tile_rows, tile_columns] = a;
    const unsigned depth = (inputs + 31) / 32 * 32, width = (outputs + 127) / 128 * 128;
    const auto x = uniform(1, rows * inputs, 1), bias = uniform(2, outputs, 1);
    const auto weight = uniform(3, inputs * outputs, std::sqrt(3.0f / inputs));
    std::vector<NUMBER> packed(depth * width, NUMBER(0.0f));
    std::vector<float> y(rows * outputs, std::nanf(""));
    std::vector<double> expected;
    for (unsigned i = 0; i < inputs; i++)
        for (unsigned o = 0; o < outputs; o++) packed[i * width + o] = NUMBER(weight[i * outputs + o]);
    for (unsigned r = 0; r < rows; r++)
        for (unsigned o = 0; o < outputs; o++) {
            double sum = bias[o];
            for (unsigned i = 0; i < inputs; i++) sum += double(NUMBER(x[r * inputs + i])) * double(packed[i * width + o]);
            expected.push_back(sum);
        }

    // In the order of `Sizes` in gpu/product/geometry.rs.
    info_st info = {{rows, 1, rows * inputs, rows, rows, 1, 0, inputs, 0, 1, inputs, depth, outputs, width}, {}};
    launch((outputs + tile_columns - 1) / tile_columns, (rows + tile_rows - 1) / tile_rows, 8, [&] {
        // Nothing is added to the sums but the bias: the kernel never reads the residual.
        KERNEL(reinterpret_cast<const INPUT*>(x.data()), reinterpret_cast<const FOUR*>(packed.data()), bias.data(), nullptr, y.data(), info);
    });
    return judge(y, expected, (8 + 6 * std::sqrt(double(inputs))) * std::exp2(-24));
}
