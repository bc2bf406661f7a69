// Threads that work on one thing together.
//
// They are started when they are first needed and wait between calls: a thread that has just been
// started takes milliseconds to find a core of its own. After a fork the child has none of them, and
// starts its own.
#pragma once

#include <atomic>

class Team {
 public:
  Team();
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // How many work in the next `run`; fewer than wished for if no more threads are to be had.
  void resize(int wished);
  int size() const { return size_; }

  // Calls work(context, member) for every member, 0 on the caller's thread, and waits for all.
  void run(void (*work)(void* context, int member), void* context);

  // Returns once every member has come here. Spins for some microseconds, then sleeps: where other
  // work shares the cores, spinning for longer would keep the member that is waited for from running.
  void meet();

  // Ends the threads that wait.
  void dismiss();

 private:
  struct Room;
  int size_ = 1;
  Room* room_ = nullptr;
};

// Callers that take turns with one thing, each for as long as its `Turn` lives.
//
// Not a mutex: one that another thread holds while its process forks stays locked in the child, where
// that thread is not, and whoever waited for it would wait for ever. What it worked on was left half
// done there, so the child is refused.
class Turns {
 public:
  class Turn {
   public:
    explicit Turn(Turns& turns);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };

 private:
  std::atomic<long> holder_{0};  // the process whose turn it is; 0: nobody's
};
