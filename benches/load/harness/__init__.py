"""What `benches/load/run` is made of: servers, load, the disk, the report."""
