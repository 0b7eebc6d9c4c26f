"""Order overlapping items (methods) and resolve them into one picture (operators)."""
