"""What moves: rigs, heads, meshes, and the animation made of their controls."""
