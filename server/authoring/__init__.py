"""What the commands about definitions do, beyond the engine: runs of many steps, reports, templates."""
