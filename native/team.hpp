// Threads that work on one thing together.
//
// They live as long as one call, so that nothing is left running when Python forks, and there is
// nothing to set up or to shut down. Starting them takes some 20 µs, a stretch of training 50 ms.
#pragma once

class Team {
 public:
  explicit Team(int size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  // Calls work(context, member) for every member, 0 on the caller's thread, and waits for all.
  void run(void (*work)(void* context, int member), void* context);

  // Returns once every member has come here. Spins for some microseconds, then sleeps: where other
  // work shares the cores, spinning for longer would keep the member that is waited for from running.
  void meet();

 private:
  struct Gate;
  int size_;
  Gate* gate_;
};
