// How many threads should work: those that were faster here, not long ago.
//
// Members wait for each other several times in an update. Where another process has one of the cores,
// or the cores share little, that costs more than a second core brings; nobody knows beforehand. So
// a small part of a stretch is now and then made by the other number of threads, one or all, and the
// faster one makes the rest. Results do not depend on it.
#pragma once

#include "index.hpp"

class Pace {
 public:
  bool together() const { return together_; }

  // How many of the next updates are to be made the other way, as a trial.
  Index trial(Index updates) {
    if (wait_ > 0) {
      --wait_;
      return 0;
    }
    // Long updates meet rarely, and a trial of them is dear.
    if (updates < SHARE * LEAST || seconds_[together_] > LONG) return 0;
    wait_ = gap_;
    gap_ = gap_ < MOST ? 2 * gap_ : MOST;
    return updates / SHARE;
  }

  // That so many updates took so long, made by all or by one.
  void measured(bool together, double seconds, Index updates) {
    if (updates >= LEAST) seconds_[together] = seconds / double(updates);
  }

  // Takes the faster way from now on; after a change the other one is tried again soon.
  void decide() {
    if (seconds_[0] == 0 || seconds_[1] == 0) return;
    const bool better = seconds_[1] < seconds_[0];
    if (better != together_) wait_ = gap_ = 1;
    together_ = better;
  }

 private:
  static constexpr Index SHARE = 16;     // of the updates of a stretch, one in so many
  static constexpr Index LEAST = 4;      // updates that tell something
  static constexpr int MOST = 32;        // stretches between trials
  static constexpr double LONG = 2e-3;   // seconds
  double seconds_[2] = {0, 0};           // an update, alone and together; 0: not known
  int wait_ = 0, gap_ = 1;
  bool together_ = true;
};
