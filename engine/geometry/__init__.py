"""Where pixels come from: projections, sensor models, terrain and position grids."""
