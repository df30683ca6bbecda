"""A real installation, its people and their browsers: what tests and benches start and talk to."""
