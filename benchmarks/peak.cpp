// The limits of the machine, each from a loop that does nothing else:
//   fused multiply-adds in registers, in float and double, GFLOP/s (two operations each);
//   exponentials by the compiler's own vector library over data in the first cache, 1e9/s.
// Arguments: number of threads, seconds for each figure. Prints one line of JSON.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int BYTES = 64, CHAINS = 24;  // 32 registers: accumulators, and room for the operands
#elif defined(__AVX__)
constexpr int BYTES = 32, CHAINS = 12;  // 16 registers
#else
constexpr int BYTES = 16, CHAINS = 12;
#endif

using Clock = std::chrono::steady_clock;

template <class T>
struct Vector {
    typedef T type __attribute__((vector_size(BYTES)));
};

template <class T>
__attribute__((noinline)) double multiply_adds(long rounds) {
    using V = typename Vector<T>::type;
    V chain[CHAINS], factor = V{} + T(0.999999), addend = V{} + T(1e-6);
    for (int i = 0; i < CHAINS; ++i) chain[i] = V{} + T(i);
    for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
        for (int i = 0; i < CHAINS; ++i)
            chain[i] = chain[i] * factor + addend;
        asm volatile("" : "+v"(factor));  // nothing is known about the next round
    }
    V sum{};
    for (int i = 0; i < CHAINS; ++i) sum += chain[i];
    double total = 0;
    for (unsigned i = 0; i < BYTES / sizeof(T); ++i) total += sum[i];
    return total;
}

template <class T>
__attribute__((noinline)) double exponentials(long rounds) {
    alignas(64) static thread_local T in[1024], out[1024];
    for (int i = 0; i < 1024; ++i) in[i] = T(i) / 256 - 2;
    for (long round = 0; round < rounds; ++round) {
        for (int i = 0; i < 1024; ++i) out[i] = std::exp(in[i]);
        asm volatile("" : : "r"(out) : "memory");
    }
    return out[7];
}

// The best of several rates of all threads together, in units of `each` per round.
template <class Work>
double rate(int threads, double seconds, double each, Work work) {
    long rounds = 1000;
    for (;;) {  // rounds that take about a tenth of the time
        auto began = Clock::now();
        work(rounds);
        std::chrono::duration<double> took = Clock::now() - began;
        if (took.count() > seconds / 20) {
            rounds = std::max(1L, long(rounds * seconds / 10 / took.count()));
            break;
        }
        rounds *= 2;
    }
    double best = 0;
    for (int trial = 0; trial < 9; ++trial) {
        std::barrier start(threads + 1);
        std::vector<std::thread> pool;
        for (int i = 0; i < threads; ++i)
            pool.emplace_back([&] { start.arrive_and_wait(); work(rounds); });
        start.arrive_and_wait();
        auto began = Clock::now();
        for (auto &thread : pool) thread.join();
        std::chrono::duration<double> took = Clock::now() - began;
        best = std::max(best, threads * double(rounds) * each / took.count() / 1e9);
    }
    return best;
}

static thread_local volatile double sink;  // results are for nobody, but must be worked out

template <class T>
double flops(int threads, double seconds) {
    double each = 2.0 * CHAINS * BYTES / sizeof(T);
    return rate(threads, seconds, each, [](long n) { sink = multiply_adds<T>(n); });
}

template <class T>
double exps(int threads, double seconds) {
    return rate(threads, seconds, 1024, [](long n) { sink = exponentials<T>(n); });
}

int main(int count, char **arguments) {
    int threads = count > 1 ? std::atoi(arguments[1]) : 1;
    double seconds = count > 2 ? std::atof(arguments[2]) : 1;
    std::printf(
        "{\"float32\": {\"fma_gflops\": %.2f, \"exp_giga\": %.4f}, "
        "\"float64\": {\"fma_gflops\": %.2f, \"exp_giga\": %.4f}}\n",
        flops<float>(threads, seconds), exps<float>(threads, seconds),
        flops<double>(threads, seconds), exps<double>(threads, seconds));
}
