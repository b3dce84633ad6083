"""A reference transducer that sends its peaks as lines of text."""
