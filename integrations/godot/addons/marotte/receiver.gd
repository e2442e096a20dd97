@icon("icon.svg")
class_name MarotteReceiver
extends Node
## Receives frames from `marotte live` and moves the blend shapes of a face.
##
## Add it to a character. UDP: `marotte live -o livelink`, or an iPhone with Live Link Face.
## WebSocket: `marotte live -o websocket`; a game that runs in a browser has no UDP.

## A frame has arrived: its names, values, head and seconds.
signal frame_received(frame: RefCounted)

enum Source { UDP, WEBSOCKET }

const Decoder := preload("decoder.gd")
const Frame := preload("frame.gd")
const Names := preload("names.gd")
const RETRY_S := 2.0
const AFTER_ANIMATIONS := 100

## Where frames come from.
@export var source := Source.UDP
## The UDP port. 11111 is Live Link's.
@export_range(1, 65535) var port := 11111
## Also take datagrams from other machines, such as a phone.
@export var other_machines := false
## The WebSocket's address.
@export var address := "ws://127.0.0.1:5252/socket"

@export_group("Face")
## The meshes at and below this node move; empty: those of the parent.
@export var face: Node
## A factor of all controls.
@export_range(0.0, 2.0) var gain := 1.0
## For blend shapes whose names do not say what they are: control -> blend shape, or "" for none.
@export var table: Dictionary = {}

@export_group("Head")
## The node that turns; empty: none.
@export var head: Node3D
## The skeleton whose bone turns instead; empty: none.
@export var skeleton: Skeleton3D
## The bone's name.
@export var head_bone := "Head"

## The newest frame, or null before the first.
var newest: Frame
## How many frames have arrived.
var frames_received := 0
## Why nothing can arrive, as a sentence; "" if nothing is wrong.
var problem := ""
## Controls of the last frame that move no blend shape.
var unmatched := PackedStringArray()

var _decoder := Decoder.new()
var _udp: PacketPeerUDP
var _socket: WebSocketPeer
var _retry_s := 0.0
var _connected := PackedStringArray()
var _connections: Array[Array] = []  # control's index, mesh, blend shape's index
var _head_at_rest: Basis


func _ready() -> void:
	process_priority = AFTER_ANIMATIONS  # speech wins over what an animation does to the mouth
	if face == null:
		face = get_parent()
	if head != null:
		_head_at_rest = head.basis
	if source == Source.UDP:
		_open_udp()


func _exit_tree() -> void:
	if _udp != null:
		_udp.close()
	if _socket != null:
		_socket.close()


func _process(delta: float) -> void:
	if source == Source.UDP:
		_read_udp()
	else:
		_read_socket(delta)
	if newest != null:
		apply(newest)


## Shows a frame.
func apply(frame: Frame) -> void:
	if frame.names != _connected:
		connect_names(frame.names)
	for connection in _connections:
		var value := frame.values[connection[0]] * gain
		connection[1].set_blend_shape_value(connection[2], value)
	var turn := Basis.from_euler(frame.head)
	if head != null:
		head.basis = turn * _head_at_rest
	if skeleton != null:
		_turn_bone(turn)


## Looks all names up again, after the face or the table has changed.
func connect_names(controls: PackedStringArray) -> void:
	_connections.clear()
	unmatched.clear()
	var meshes := Names.faces(face)
	for control in controls.size():
		var before := _connections.size()
		for mesh in meshes:
			for shape in Names.find(controls[control], Names.of_mesh(mesh.mesh), table):
				_connections.append([control, mesh, shape])
		if _connections.size() == before:
			unmatched.append(controls[control])
	_connected = controls


func _turn_bone(turn: Basis) -> void:
	var bone := skeleton.find_bone(head_bone)
	if bone < 0:
		return
	var parent := skeleton.get_bone_parent(bone)
	var above := skeleton.get_bone_global_rest(parent).basis if parent >= 0 else Basis()
	var turned := above.inverse() * turn * skeleton.get_bone_global_rest(bone).basis
	skeleton.set_bone_pose_rotation(bone, turned.get_rotation_quaternion())


func _open_udp() -> void:
	_udp = PacketPeerUDP.new()
	if _udp.bind(port, "*" if other_machines else "127.0.0.1") == OK:
		return
	_udp = null
	if OS.has_feature("web"):
		problem = "A page in a browser has no UDP: set source to WebSocket."
	else:
		problem = (
			"UDP port %d can't be opened: close the other program that listens there, or set port."
			% port
		)
	push_error("Marotte: ", problem)


func _read_udp() -> void:
	while _udp != null and _udp.get_available_packet_count() > 0:
		_take(_udp.get_packet())


func _read_socket(delta: float) -> void:
	_retry_s -= delta
	if _socket == null:
		if _retry_s > 0.0:
			return
		_retry_s = RETRY_S
		_socket = WebSocketPeer.new()
		_socket.inbound_buffer_size = 1 << 18
		if _socket.connect_to_url(address) != OK:
			_disconnected("%s is not an address" % address)
			return
	_socket.poll()
	while _socket.get_available_packet_count() > 0:
		problem = ""
		_take(_socket.get_packet())
	if _socket.get_ready_state() == WebSocketPeer.STATE_CLOSED:
		_disconnected("no connection to %s %s" % [address, _socket.get_close_reason()])


func _disconnected(why: String) -> void:
	problem = why.strip_edges() + ": start `marotte live -o websocket`."
	_socket = null


func _take(message: PackedByteArray) -> void:
	var frame := _decoder.decode(message)
	if frame == null:
		return
	newest = frame
	frames_received += 1
	frame_received.emit(frame)
