"""What a store promises, held against both dialects."""
