"""The ways in which people write backpropagation: one module each; `table` has them in order."""
