#include "team.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
static void pause_briefly() { _mm_pause(); }
#else
static void pause_briefly() { std::this_thread::yield(); }
#endif

static constexpr int SPINS = 2000;  // some 20 to 50 µs

struct Team::Gate {
  std::atomic<int> waiting{0};
  std::atomic<unsigned> round{0};
  std::mutex mutex;
  std::condition_variable opened;

  void open(unsigned next) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      round.store(next, std::memory_order_release);
    }
    opened.notify_all();
  }

  void wait_while(unsigned now) {
    for (int spin = 0; spin < SPINS; ++spin) {
      if (round.load(std::memory_order_acquire) != now) return;
      pause_briefly();
    }
    std::unique_lock<std::mutex> lock(mutex);
    opened.wait(lock, [&] { return round.load(std::memory_order_acquire) != now; });
  }
};

Team::Team(int size) : size_(size), gate_(new Gate) {}
Team::~Team() { delete gate_; }

void Team::run(void (*work)(void*, int), void* context) {
  const unsigned start = gate_->round.load();
  std::vector<std::thread> others;
  others.reserve(size_ - 1);
  try {
    while (int(others.size()) < size_ - 1) {
      const int member = int(others.size()) + 1;
      others.emplace_back([this, work, context, member, start] {
        gate_->wait_while(start);
        work(context, member);
      });
    }
  } catch (const std::system_error&) {  // no more threads to be had: those that started will do,
    size_ = int(others.size()) + 1;     // since results do not depend on their number
  }
  gate_->open(start + 1);
  work(context, 0);
  for (std::thread& other : others) other.join();
}

void Team::meet() {
  if (size_ == 1) return;
  const unsigned round = gate_->round.load(std::memory_order_acquire);
  if (gate_->waiting.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    gate_->waiting.store(0, std::memory_order_relaxed);
    gate_->open(round + 1);
  } else {
    gate_->wait_while(round);
  }
}
