extends Node3D
## Shows the head of `marotte animate samples/hello.wav -o demo/head.glb`, and moves it by
## `marotte live -o livelink`, or `-o websocket` in a browser.

const Receiver := preload("res://addons/marotte/receiver.gd")
const HEAD := "res://demo/head.glb"

var receiver: Receiver


func _ready() -> void:
	_add_camera_and_light()
	var head := _load_head()
	if head == null:
		push_error("demo/head.glb is missing: marotte animate samples/hello.wav -o demo/head.glb")
		return
	receiver = Receiver.new()
	receiver.source = Receiver.Source.WEBSOCKET if OS.has_feature("web") else Receiver.Source.UDP
	head.add_child(receiver)
	add_child(head)
	_spoken(head)


func _load_head() -> Node3D:
	var document := GLTFDocument.new()
	var state := GLTFState.new()
	if document.append_from_file(HEAD, state) != OK:
		return null
	return document.generate_scene(state)


## Plays the take in the file until frames arrive.
func _spoken(head: Node) -> void:
	var player: AnimationPlayer = head.find_children("*", "AnimationPlayer", true, false)[0]
	player.play(player.get_animation_list()[0])
	receiver.frame_received.connect(func(_frame: RefCounted) -> void: player.stop())


func _add_camera_and_light() -> void:
	var camera := Camera3D.new()
	camera.position = Vector3(0.0, 0.13, 0.8)
	camera.fov = 26.0
	add_child(camera)
	var light := DirectionalLight3D.new()
	light.rotation_degrees = Vector3(-30.0, 25.0, 0.0)
	add_child(light)
	var environment := Environment.new()
	environment.ambient_light_source = Environment.AMBIENT_SOURCE_COLOR
	environment.ambient_light_color = Color(0.6, 0.65, 0.75)
	environment.ambient_light_energy = 0.6
	var world := WorldEnvironment.new()
	world.environment = environment
	add_child(world)
