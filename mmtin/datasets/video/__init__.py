"""Read and decode videos."""
