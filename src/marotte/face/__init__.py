"""Faces: rigs and their controls, heads and meshes, frames and animations."""
