#include "team.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
static long process() { return long(getpid()); }
#else
static long process() { return 1; }  // there is no fork
#endif

#if defined(__x86_64__)
#include <immintrin.h>
static void pause_briefly() { _mm_pause(); }
#elif defined(__aarch64__)
static void pause_briefly() { asm volatile("yield"); }
#else
static void pause_briefly() { std::this_thread::yield(); }
#endif

#if defined(__linux__)
#include <sched.h>

// Goes to a core of its own, as far as there are any, and is free to leave it. A new thread starts
// where its maker runs, and while each sleeps for the other the two may stay there for long.
static void spread_out(int member, int here) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const int count = CPU_COUNT(&allowed);
  if (here < 0 || count < 2 || !CPU_ISSET(here, &allowed)) return;
  int cpu = here;
  for (int steps = member % count; steps > 0; --steps) {
    do cpu = (cpu + 1) % CPU_SETSIZE;
    while (!CPU_ISSET(cpu, &allowed));
  }
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
}
static int current_core() { return sched_getcpu(); }
#else
static void spread_out(int, int) {}
static int current_core() { return -1; }
#endif

namespace {

constexpr int SPINS = 2000;  // some 20 to 50 µs

// A number that some wait for to change.
class Gate {
 public:
  std::uint64_t now() const { return number_.load(std::memory_order_acquire); }

  void set(std::uint64_t number) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      number_.store(number, std::memory_order_release);
    }
    changed_.notify_all();
  }

  std::uint64_t after(std::uint64_t old) {
    for (int spin = 0; spin < SPINS; ++spin) {
      if (now() != old) return now();
      pause_briefly();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return now() != old; });
    return now();
  }

 private:
  std::atomic<std::uint64_t> number_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace

struct Team::Room {
  // Tasks are numbered; in the low bits of a task's number is how many work on it, 0 for the end of
  // all. (Apart, a thread that is not wanted could take the size of one task for another's.)
  static constexpr std::uint64_t SIZES = 1 << 16;
  Gate task, finished, meeting;
  std::atomic<int> busy{0}, waiting{0};
  void (*work)(void*, int) = nullptr;
  void* context = nullptr;
  std::vector<std::thread> threads;
  long owner = process();

  void serve(int member, std::uint64_t seen, int maker) {
    spread_out(member, maker);
    while (true) {
      seen = task.after(seen);
      const int size = int(seen % SIZES);
      if (size == 0) return;
      if (member >= size) continue;
      work(context, member);
      if (busy.fetch_sub(1, std::memory_order_acq_rel) == 1) finished.set(seen);
    }
  }
};

Team::Team() = default;
Team::~Team() { dismiss(); }

void Team::dismiss() {
  if (room_ && room_->owner == process()) {
    room_->task.set((room_->task.now() / Room::SIZES + 1) * Room::SIZES);
    for (std::thread& thread : room_->threads) thread.join();
    delete room_;
  }
  room_ = nullptr;  // after a fork what was left here belongs to threads that are not
}

void Team::resize(int wished) {
  if (room_ && room_->owner != process()) room_ = nullptr;
  if (!room_ && wished > 1) room_ = new Room;
  size_ = wished;
  try {
    for (int member = room_ ? int(room_->threads.size()) + 1 : size_; member < size_; ++member)
      room_->threads.emplace_back(&Room::serve, room_, member, room_->task.now(), current_core());
  } catch (const std::system_error&) {  // results do not depend on how many there are
    size_ = int(room_->threads.size()) + 1;
  }
}

void Team::run(void (*work)(void*, int), void* context) {
  if (size_ == 1) {
    work(context, 0);
    return;
  }
  Room& room = *room_;
  room.work = work, room.context = context;
  room.busy.store(size_ - 1, std::memory_order_relaxed);
  const std::uint64_t before = room.finished.now();
  room.task.set((room.task.now() / Room::SIZES + 1) * Room::SIZES + std::uint64_t(size_));
  work(context, 0);
  room.finished.after(before);
}

void Team::meet() {
  if (size_ == 1) return;
  Room& room = *room_;
  const std::uint64_t meeting = room.meeting.now();
  if (room.waiting.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    room.waiting.store(0, std::memory_order_relaxed);
    room.meeting.set(meeting + 1);
  } else {
    room.meeting.after(meeting);
  }
}

// Who has to wait looks again after a while: others take turns of up to a tenth of a second.
Turns::Turn::Turn(Turns& turns) : turns_(turns) {
  long holder = 0;
  while (!turns_.holder_.compare_exchange_strong(holder, process(), std::memory_order_acquire)) {
    if (holder != 0 && holder != process())
      throw std::runtime_error("this engine was at work when this process was forked, and lies half done; "
                               "make one of its own in the child");
    holder = 0;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

Turns::Turn::~Turn() { turns_.holder_.store(0, std::memory_order_release); }
