class_name MarotteTake
extends RefCounted
## Turns a take of `marotte animate -o take.json` into an animation of a face.
##
## [codeblock]
## var library := MarotteTake.load_library("res://hello.json", player.get_node(player.root_node))
## player.add_animation_library("hello", library)
## player.play("hello/speech")
## [/codeblock]

const Names := preload("names.gd")
const ANIMATION := "speech"


## Returns a library with the animation `speech` for all meshes at and below `root`, which must be
## the player's root node; null, with an error in the output, if the file is not a take or moves
## nothing. `table` holds the user's own names: control -> blend shape, or "" for none.
static func load_library(path: String, root: Node, table: Dictionary = {}) -> AnimationLibrary:
	var take := read(path)
	if take.is_empty():
		return null
	var animation := to_animation(take, root, table)
	if animation.get_track_count() == 0:
		push_error("Marotte: no mesh below %s has a blend shape for %s" % [root.name, path])
		return null
	var library := AnimationLibrary.new()
	library.add_animation(ANIMATION, animation)
	return library


## Returns the take in a file; {} with an error in the output if it is not one.
static func read(path: String) -> Dictionary:
	var take: Variant = JSON.parse_string(FileAccess.get_file_as_string(path))
	if not take is Dictionary or not _is_take(take):
		push_error("Marotte: %s is not a take: write one with `marotte animate -o x.json`" % path)
		return {}
	return take


## Returns the take's animation: one blend-shape track per control and mesh that it moves.
static func to_animation(take: Dictionary, root: Node, table: Dictionary = {}) -> Animation:
	var fps: float = take["exportFps"]
	var rows: Array = take["weightMat"]
	var animation := Animation.new()
	animation.length = maxf(rows.size() - 1, 0) / fps
	animation.step = 1.0 / fps
	for mesh in Names.faces(root):
		var shapes := Names.of_mesh(mesh.mesh)
		for column in take["facsNames"].size():
			for shape in Names.find(take["facsNames"][column], shapes, table):
				var path := "%s:%s" % [root.get_path_to(mesh), shapes[shape]]
				_add_track(animation, path, rows, column, fps)
	return animation


static func _add_track(
	animation: Animation, path: String, rows: Array, column: int, fps: float
) -> void:
	var track := animation.add_track(Animation.TYPE_BLEND_SHAPE)
	animation.track_set_path(track, path)
	var last := rows.size() - 1
	for frame in rows.size():
		var value: float = rows[frame][column]
		var before: float = rows[maxi(frame - 1, 0)][column]
		var after: float = rows[mini(frame + 1, last)][column]
		# Keys that repeat both neighbours are left out.
		if frame == 0 or frame == last or value != before or value != after:
			animation.blend_shape_track_insert_key(track, frame / fps, value)


static func _is_take(take: Dictionary) -> bool:
	var names: Variant = take.get("facsNames")
	var rows: Variant = take.get("weightMat")
	var fps: Variant = take.get("exportFps")
	if not (names is Array and rows is Array and fps is float) or fps <= 0.0:
		return false
	return rows.all(
		func(row: Variant) -> bool:
			return row is Array and row.size() == names.size() and row.all(_is_number)
	)


static func _is_number(value: Variant) -> bool:
	return value is float
