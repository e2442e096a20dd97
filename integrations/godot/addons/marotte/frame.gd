extends RefCounted
## The face at one moment.

## The controls' names.
var names: PackedStringArray
## One value per name; 0 is rest, 1 the whole movement.
var values: PackedFloat32Array
## The head's rotation in radians, for `Node3D.rotation` of a head that looks along +z.
var head: Vector3
## The moment in seconds: since the start of the sound, or since midnight (Live Link).
var seconds: float


func _init(
	its_names: PackedStringArray,
	its_values: PackedFloat32Array,
	yaw: float,
	pitch: float,
	roll: float,
	its_seconds: float
) -> void:
	names = its_names
	values = its_values
	head = Vector3(pitch, yaw, roll)
	seconds = its_seconds


## Returns whether all numbers are finite.
func is_valid() -> bool:
	var sum := head.x + head.y + head.z + seconds
	for value in values:
		sum += value
	return is_finite(sum)
