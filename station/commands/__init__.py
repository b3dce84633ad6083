"""What each command of `station` does; `station.cli` is only their options."""
