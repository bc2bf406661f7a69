#include "pace.hpp"

#include <chrono>

Index Pace::trial(Index updates) {
  if (seconds_[together_] > LONG) {
    together_ = true;
    return 0;
  }
  if (left_ == 0 && since_ >= TRIAL * SHARE * gap_) {
    left_ = TRIAL;
    made_[!together_] = 0, spent_[!together_] = 0;
  }
  const Index chosen = left_ < updates ? left_ : updates;
  left_ -= chosen;
  return chosen;
}

void Pace::measured(bool together, double seconds, Index updates) {
  all_made_[together] += updates;
  spent_[together] += seconds, made_[together] += updates;
  if (together == together_) since_ += updates;
  if (made_[together] < TRIAL) return;
  seconds_[together] = spent_[together] / double(made_[together]);
  spent_[together] = 0, made_[together] = 0;
  if (together != together_) {  // a trial is over
    since_ = 0;
    gap_ = gap_ < MOST ? 2 * gap_ : MOST;
  }
}

void Pace::decide() {
  if (left_ > 0 || seconds_[0] == 0 || seconds_[1] == 0) return;
  const bool better = seconds_[1] < seconds_[0];
  if (better == together_) return;
  together_ = better;  // and the other way is soon tried again
  since_ = 0, gap_ = 1;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
