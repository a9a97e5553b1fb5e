"""What the evaluation page shows: regimes, tails, benchmarks, red flags, expectations."""
