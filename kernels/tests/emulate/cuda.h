// The part of CUDA that CubeCL's tensor-core kernels use, on a processor, one unit after the other.
//
// A unit is a fiber that runs until it must wait for its plane or its cube. Every unit of a plane holds
// whole 16 x 16 matrices and multiplies them alone, as if the plane had done it together. Shared memory
// begins as NaN, so that what was never written shows.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

using std::max;
using std::min;
using std::size_t;

struct Position {
    unsigned x, y, z;
};
static Position threadIdx, blockIdx, gridDim;
static char* shared_memory;

// 16-bit numbers, rounded to nearest even.

struct __half {
    _Float16 value;
    __half() = default;
    __half(float x) : value(static_cast<_Float16>(x)) {}
    operator float() const { return static_cast<float>(value); }
};

struct __nv_bfloat16 {
    std::uint16_t bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float x) {
        std::uint32_t u;
        std::memcpy(&u, &x, 4);
        bits = std::isnan(x) ? 0x7fc0 : (u + 0x7fff + (u >> 16 & 1)) >> 16;
    }
    operator float() const {
        std::uint32_t u = static_cast<std::uint32_t>(bits) << 16;
        float x;
        std::memcpy(&x, &u, 4);
        return x;
    }
};

// Units, planes and cubes.

constexpr unsigned PLANE = 32;
constexpr size_t STACK = 1 << 20;

enum class State { Runs, WaitsForPlane, WaitsForCube, Done };

struct Unit {
    ucontext_t context;
    State state;
    Position position;
};
static std::vector<Unit> units;
static unsigned current;
static ucontext_t scheduler;
static std::function<void()> kernel_call;
static std::vector<float> exchanged;

static void leave(State state) {
    Unit& unit = units[current];
    unit.state = state;
    swapcontext(&unit.context, &scheduler);
    threadIdx = units[current].position;
}

static void run_unit() {
    kernel_call();
    leave(State::Done);
}

// Lets the units from `first` on run again if all of them are in `state`.
static bool release(unsigned first, unsigned count, State state) {
    auto from = units.begin() + first;
    auto all = std::all_of(from, from + count, [&](const Unit& unit) { return unit.state == state; });
    if (all) std::for_each(from, from + count, [](Unit& unit) { unit.state = State::Runs; });
    return all;
}

static void run_cube(unsigned planes, std::function<void()> call) {
    static std::vector<char> stacks;
    const unsigned count = planes * PLANE;
    kernel_call = std::move(call);
    units.assign(count, Unit());
    exchanged.assign(count, 0);
    stacks.resize(count * STACK);
    for (unsigned i = 0; i < count; i++) {
        units[i].position = {i % PLANE, i / PLANE, 0};
        getcontext(&units[i].context);
        units[i].context.uc_stack.ss_sp = &stacks[i * STACK];
        units[i].context.uc_stack.ss_size = STACK;
        makecontext(&units[i].context, run_unit, 0);
    }
    while (!std::all_of(units.begin(), units.end(), [](const Unit& u) { return u.state == State::Done; })) {
        bool moved = false;
        for (current = 0; current < count; current++) {
            if (units[current].state != State::Runs) continue;
            threadIdx = units[current].position;
            swapcontext(&scheduler, &units[current].context);
            moved = true;
        }
        for (unsigned plane = 0; plane < planes; plane++) {
            moved |= release(plane * PLANE, PLANE, State::WaitsForPlane);
        }
        moved |= release(0, count, State::WaitsForCube);
        if (!moved) {
            std::puts("units wait for each other for ever");
            std::exit(1);
        }
    }
}

inline void __syncthreads() { leave(State::WaitsForCube); }
inline void __syncwarp() { leave(State::WaitsForPlane); }
inline unsigned __activemask() { return ~0u; }

inline float __shfl_xor_sync(unsigned, float value, unsigned mask) {
    exchanged[current] = value;
    __syncwarp();
    const float other = exchanged[current ^ mask];
    __syncwarp();
    return other;
}

inline bool __any_sync(unsigned, bool value) {
    exchanged[current] = value;
    __syncwarp();
    const auto first = exchanged.begin() + current / PLANE * PLANE;
    const bool any = std::any_of(first, first + PLANE, [](float x) { return x != 0; });
    __syncwarp();
    return any;
}

// Tensor cores.

namespace nvcuda::wmma {
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
    T at[16][16];
};

inline void check_alignment(const void* pointer) {
    if (reinterpret_cast<size_t>(pointer) % 32 != 0) {
        std::puts("a matrix does not begin at a multiple of 32 bytes");
        std::exit(1);
    }
}

template <class Use, class T>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, row_major>& matrix, const T* from, unsigned pitch) {
    check_alignment(from);
    for (int r = 0; r < 16; r++)
        for (int c = 0; c < 16; c++) matrix.at[r][c] = from[r * pitch + c];
}

template <class Use, class T>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, col_major>& matrix, const T* from, unsigned pitch) {
    check_alignment(from);
    for (int r = 0; r < 16; r++)
        for (int c = 0; c < 16; c++) matrix.at[r][c] = from[c * pitch + r];
}

template <class T>
void load_matrix_sync(fragment<accumulator, 16, 16, 16, T>& matrix, const T* from, unsigned pitch, layout_t) {
    check_alignment(from);
    for (int r = 0; r < 16; r++)
        for (int c = 0; c < 16; c++) matrix.at[r][c] = from[r * pitch + c];
}

template <class T>
void store_matrix_sync(T* to, const fragment<accumulator, 16, 16, 16, T>& matrix, unsigned pitch, layout_t) {
    check_alignment(to);
    for (int r = 0; r < 16; r++)
        for (int c = 0; c < 16; c++) to[r * pitch + c] = matrix.at[r][c];
}

template <class Fragment, class T>
void fill_fragment(Fragment& matrix, T value) {
    for (auto& row : matrix.at) std::fill_n(row, 16, value);
}

template <class A, class B, class C>
void mma_sync(C& result, const A& a, const B& b, const C& c) {
    C sums = c;
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++)
            for (int j = 0; j < 16; j++) sums.at[i][j] += static_cast<float>(a.at[i][k]) * static_cast<float>(b.at[k][j]);
    result = sums;
}
}  // namespace nvcuda::wmma

// What drivers need.

// Runs a kernel of cubes of `planes` over a grid.
template <class Call>
void launch(unsigned across, unsigned down, unsigned planes, Call call) {
    static void* memory = std::aligned_alloc(256, 64 << 10);
    shared_memory = static_cast<char*>(memory);
    gridDim = {across, down, 1};
    for (unsigned y = 0; y < down; y++)
        for (unsigned x = 0; x < across; x++) {
            blockIdx = {x, y, 0};
            std::fill_n(static_cast<float*>(memory), 16 << 10, std::numeric_limits<float>::quiet_NaN());
            run_cube(planes, call);
        }
}

inline std::vector<float> uniform(unsigned seed, size_t count, float scale) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> distribution(-scale, scale);
    std::vector<float> numbers(count);
    for (auto& x : numbers) x = distribution(random);
    return numbers;
}

// Says how far from the truth the worst number is, and whether that is near enough.
inline int judge(const std::vector<float>& found, const std::vector<double>& expected, double tolerance) {
    double worst = 0;
    for (size_t i = 0; i < found.size(); i++) {
        const double error = std::fabs(found[i] - expected[i]);
        if (!(error <= worst)) worst = error;
    }
    std::printf("%zu numbers, worst error %g, tolerance %g\n", found.size(), worst, tolerance);
    return worst <= tolerance ? 0 : 1;
}

// The kernel defines the integers anew; its names must not meet the standard ones.
#define __device__
#define __global__
#define __shared__
#define __grid_constant__
#define __launch_bounds__(units)
#define uint64_t cuda_uint64
#define int64_t cuda_int64
#define uint32_t cuda_uint32
#define int32_t cuda_int32
#define uint16_t cuda_uint16
#define int16_t cuda_int16
#define uint8_t cuda_uint8
#define int8_t cuda_int8
