// How many threads should work: those that were faster here, not long ago.
//
// Members wait for each other several times in an update. Where another process has one of the cores,
// or the cores share little, that costs more than further cores bring; nobody knows beforehand. So
// some updates are now and then made the other way, by one thread or by all, and the faster way makes
// the rest. Results do not depend on it.
#pragma once

#include "index.hpp"

class Pace {
 public:
  bool together() const { return together_; }

  // How many of the next updates are to be made the other way, as a trial.
  Index trial(Index updates);

  // That so many updates took so long, made by all or by one.
  void measured(bool together, double seconds, Index updates);

  // Takes the faster way from now on.
  void decide();

  // Updates made by one thread, and by all.
  Index made(bool together) const { return all_made_[together]; }

 private:
  static constexpr Index TRIAL = 16;    // updates that tell how fast a way is
  static constexpr Index SHARE = 32;    // of so many updates one is for trials, at most
  static constexpr int MOST = 32;       // times rarer than that, while trials change nothing
  static constexpr double LONG = 2e-3;  // seconds: so long an update meets rarely, and a trial is dear

  double seconds_[2] = {0, 0};  // an update, alone and together, of late; 0: not known
  double spent_[2] = {0, 0};    // on updates that are not yet in `seconds_`
  Index made_[2] = {0, 0}, all_made_[2] = {0, 0};
  Index since_ = 0, left_ = 0;  // updates since a trial; of this one, still to make
  int gap_ = 1;
  bool together_ = true;
};

// Of a clock that only goes forward.
double seconds_now();
