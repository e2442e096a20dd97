extends RefCounted
## Finds the blend shapes of a mesh that a control means.
##
## Case, prefixes and separators do not matter, and L and R are Left and Right: `jawOpen` is also
## `Face.M_JawOpen` and `jaw_open`, `eyeBlinkLeft` is also `eyeBlink_L`. A control without a side
## moves both sides if the mesh has only those: `browInnerUp` moves `browInnerUp_L` and
## `browInnerUp_R`.

const SHORTEST_WITH_PREFIX := 4  # shorter names are the ends of too many others


## Returns the indices of the blend shapes that a control moves. `table` holds the user's own
## names: control -> blend shape, or "" for none.
static func find(
	control: String, shapes: PackedStringArray, table: Dictionary = {}
) -> PackedInt32Array:
	if table.has(control):
		var index := shapes.find(table[control])
		return PackedInt32Array([index] if index >= 0 else [])
	var found := _equal(control, shapes)
	var plain := "".join(_words(control))
	if found.is_empty():
		found = _meaning(plain, shapes)
	if found.is_empty():
		found = _meaning(plain + "left", shapes) + _meaning(plain + "right", shapes)
	return found


## Returns the names of a mesh's blend shapes.
static func of_mesh(mesh: Mesh) -> PackedStringArray:
	var names := PackedStringArray()
	if mesh is ArrayMesh:
		for i in mesh.get_blend_shape_count():
			names.append(mesh.get_blend_shape_name(i))
	return names


## Returns the meshes with blend shapes at and below a node.
static func faces(node: Node) -> Array[MeshInstance3D]:
	var found: Array[MeshInstance3D] = []
	if node is MeshInstance3D and not of_mesh(node.mesh).is_empty():
		found.append(node)
	for child in node.get_children():
		found.append_array(faces(child))
	return found


static func _equal(control: String, shapes: PackedStringArray) -> PackedInt32Array:
	var found := PackedInt32Array()
	for i in shapes.size():
		if shapes[i] == control:
			found.append(i)
	return found


static func _meaning(plain: String, shapes: PackedStringArray) -> PackedInt32Array:
	var found := PackedInt32Array()
	for i in shapes.size():
		if _means(shapes[i], plain):
			found.append(i)
	return found


static func _means(shape: String, plain: String) -> bool:
	var words := _words(shape)
	for first in words.size():
		if first > 0 and plain.length() < SHORTEST_WITH_PREFIX:
			return false
		if "".join(words.slice(first)) == plain:
			return true
	return false


## Splits a name at what is neither a letter nor a digit, in lower case, and writes the side out.
static func _words(name: String) -> PackedStringArray:
	var words := PackedStringArray()
	var word := ""
	for c in name + " ":
		if c.to_lower() != c.to_upper() or c.is_valid_int():
			word += c
		elif not word.is_empty():
			words.append(word)
			word = ""
	var last := words.size() - 1
	if last >= 0:
		words[last] = _with_side(words[last], last > 0)
	for i in words.size():
		words[i] = words[i].to_lower()
	return words


static func _with_side(word: String, is_later_word: bool) -> String:
	var side := word.right(1)
	var before := word[-2] if word.length() > 1 else ""
	var ends := is_later_word and side in "LRlr"
	if not before.is_empty():
		ends = before != before.to_upper() and side in "LR"
	if not ends:
		return word
	return word.left(-1) + ("Left" if side in "Ll" else "Right")
