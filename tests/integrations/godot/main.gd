extends Node3D
## Runs the add-on on the test's files and prints what it does, as `RESULT name json`.

const Decoder := preload("res://addons/marotte/decoder.gd")
const Names := preload("res://addons/marotte/names.gd")
const Receiver := preload("res://addons/marotte/receiver.gd")
const Take := preload("res://addons/marotte/take.gd")

var given: Dictionary = JSON.parse_string(FileAccess.get_file_as_string("res://given.json"))


func _ready() -> void:
	tell("version", Engine.get_version_info()["string"])
	tell("names", given["cases"].map(_moved))
	var decoder := Decoder.new()
	tell("frames", given["messages"].map(func(hex: String) -> Variant: return _told(decoder, hex)))
	var face := _load_face()
	tell("tres", _played(face, load("res://take.tres")))
	tell("json", _played(face, Take.load_library("res://take.json", face)))
	tell("bad", given["bad"].map(_is_refused))
	tell("unmatched", Take.load_library("res://other.json", face) == null)
	var receiver := Receiver.new()
	receiver.port = 11111
	add_child(receiver)
	tell("udp", receiver.problem)
	receiver.queue_free()
	_receive(face)


func tell(what: String, value: Variant) -> void:
	print("RESULT ", what, " ", JSON.stringify(value, "", false, true))


func _moved(case: Array) -> Array:
	var shapes := PackedStringArray(case[1])
	return Array(Names.find(case[0], shapes)).map(func(i: int) -> String: return shapes[i])


func _told(decoder: Decoder, hex: String) -> Variant:
	var frame := decoder.decode(hex.hex_decode())
	if frame == null:
		return null
	var head := [frame.head.x, frame.head.y, frame.head.z]
	return [Array(frame.names), Array(frame.values), head, frame.seconds]


func _is_refused(text: String) -> bool:
	var file := FileAccess.open("user://bad.json", FileAccess.WRITE)
	file.store_string(text)
	file.close()
	return Take.read("user://bad.json").is_empty()


func _load_face() -> Node3D:
	var document := GLTFDocument.new()
	var state := GLTFState.new()
	document.append_from_file("res://head.glb", state)
	var face := document.generate_scene(state)
	add_child(face)
	var meshes := Names.faces(face)
	tell("meshes", meshes.map(func(mesh: Node) -> String: return str(face.get_path_to(mesh))))
	return face


func _values(face: Node) -> Dictionary:
	var values := {}
	var mesh := Names.faces(face)[0]
	var names := Names.of_mesh(mesh.mesh)
	for i in names.size():
		values[names[i]] = mesh.get_blend_shape_value(i)
	return values


func _played(face: Node, library: AnimationLibrary) -> Array:
	var player := AnimationPlayer.new()
	face.add_child(player)
	player.root_node = player.get_path_to(face)
	player.add_animation_library("marotte", library)
	player.play("marotte/speech")
	var played := []
	for time in given["times"]:
		player.seek(time, true)
		played.append(_values(face))
	player.stop()
	face.remove_child(player)
	player.free()
	return played


func _receive(face: Node) -> void:
	var receiver := Receiver.new()
	receiver.source = Receiver.Source.WEBSOCKET
	receiver.address = given["address"]
	receiver.table = {"mouthPucker": "cheekPuff", "cheekPuff": "", "mouthFunnel": ""}
	receiver.head = Node3D.new()
	add_child(receiver.head)
	face.add_child(receiver)
	while receiver.frames_received < 5:
		await get_tree().process_frame
	await get_tree().process_frame
	tell("received", _values(face))
	var turned := receiver.head.basis.z  # where the face looks
	tell("looks", [turned.x, turned.y, turned.z])
	tell("without", Array(receiver.unmatched))
	_turn_bone(receiver)
	print("DONE")


## A skeleton whose bones have turned rest poses; the face looks along +z at rest.
func _turn_bone(receiver: Receiver) -> void:
	var skeleton := Skeleton3D.new()
	add_child(skeleton)
	var neck := skeleton.add_bone("Neck")
	var bone := skeleton.add_bone("Head")
	skeleton.set_bone_parent(bone, neck)
	skeleton.set_bone_rest(neck, Transform3D(Basis.from_euler(Vector3(0.3, 0.2, 0.1)), Vector3.UP))
	skeleton.set_bone_rest(bone, Transform3D(Basis.from_euler(Vector3(0.0, 1.5, 0.4)), Vector3.UP))
	skeleton.reset_bone_poses()
	receiver.skeleton = skeleton
	receiver.apply(receiver.newest)
	var rest := skeleton.get_bone_global_rest(bone).basis
	var looks := skeleton.get_bone_global_pose(bone).basis * rest.inverse() * Vector3.BACK
	tell("bone", [looks.x, looks.y, looks.z])
