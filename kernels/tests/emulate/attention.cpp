// Runs an attention's kernel with relative positions on a grid and compares it with sums in double.
// Arguments: images, heads, channels, rows and columns of the grid, magnitude of queries and keys. KERNEL, NUMBER and ROUNDOFF
// are given by the build.
#include "cuda.h"
#include "kernel.inc"

int main(int, char** arguments) {
    unsigned a[5];
    for (int i = 0; i < 5; i++) a[i] = std::atoi(arguments[i + 1]);
    const auto [images, heads, channels, height, width] = a;
    const float magnitude = std::atof(arguments[6]);
    const unsigned tokens = height * width, all = heads * channels, pitch = 3 * all, lines = height + width;
    const float scale = 1 / std::sqrt(float(channels));
    auto x = uniform(1, images * tokens * pitch, magnitude);
    for (size_t i = 0; i < x.size(); i++)
        if (i % pitch >= 2 * all) x[i] /= magnitude;
    const auto offsets = uniform(2, images * heads * lines * tokens, 1);
    std::vector<float> y(images * tokens * all, std::nanf(""));

    std::vector<double> expected(y.size()), weights(tokens);
    const auto at = [&](unsigned image, unsigned token, unsigned channel) {
        return double(NUMBER(x[(image * tokens + token) * pitch + channel]));
    };
    for (unsigned n = 0; n < images; n++)
        for (unsigned h = 0; h < heads; h++)
            for (unsigned i = 0; i < tokens; i++) {
                const size_t base = size_t(n * heads + h) * lines;
                for (unsigned j = 0; j < tokens; j++) {
                    double score = 0;
                    for (unsigned c = 0; c < channels; c++)
                        score += at(n, i, h * channels + c) * at(n, j, all + h * channels + c);
                    weights[j] = score * scale + offsets[(base + j / width) * tokens + i] +
                                 offsets[(base + height + j % width) * tokens + i];
                }
                const double greatest = *std::max_element(weights.begin(), weights.end());
                double total = 0;
                for (auto& weight : weights) total += weight = std::exp(weight - greatest);
                for (unsigned c = 0; c < channels; c++) {
                    double sum = 0;
                    for (unsigned j = 0; j < tokens; j++) sum += weights[j] * at(n, j, 2 * all + h * channels + c);
                    expected[(n * tokens + i) * all + h * channels + c] = sum / total;
                }
            }

    info_st info = {};
    // In the order of `Sizes` in attention/cube/mod.rs.
    const unsigned sizes[] = {images * heads, heads, tokens, tokens, tokens, 0, pitch, all, pitch, 2 * all, pitch, height, width};
    std::copy_n(sizes, 13, info.scalars_usize);
    info.scalars_f32[0] = scale;
    launch((tokens + 63) / 64, images * heads, 4, [&] {
        KERNEL(x.data(), x.data(), x.data(), offsets.data(), y.data(), info);
    });
    return judge(y, expected, ROUNDOFF + (32 + 4 * std::sqrt(double(channels))) * std::exp2(-24) * std::max(1.0f, magnitude * magnitude));
}
