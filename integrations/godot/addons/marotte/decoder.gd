extends RefCounted
## Turns what arrives into frames; the first byte says what it is.
##
## - 6: a datagram of Live Link Face, from `marotte live -o livelink` or an iPhone;
## - "{": a frame as JSON, from `marotte live -o udp`;
## - 129 and 130: the names and the frames that `marotte live -o websocket` sends.
##
## Anything else, and anything that is cut off, gives no frame.

const Frame := preload("frame.gd")

## ARKit's names in the order of Live Link's datagrams.
const ARKIT_NAMES: Array[String] = [
	"eyeBlinkLeft",
	"eyeLookDownLeft",
	"eyeLookInLeft",
	"eyeLookOutLeft",
	"eyeLookUpLeft",
	"eyeSquintLeft",
	"eyeWideLeft",
	"eyeBlinkRight",
	"eyeLookDownRight",
	"eyeLookInRight",
	"eyeLookOutRight",
	"eyeLookUpRight",
	"eyeSquintRight",
	"eyeWideRight",
	"jawForward",
	"jawLeft",
	"jawRight",
	"jawOpen",
	"mouthClose",
	"mouthFunnel",
	"mouthPucker",
	"mouthLeft",
	"mouthRight",
	"mouthSmileLeft",
	"mouthSmileRight",
	"mouthFrownLeft",
	"mouthFrownRight",
	"mouthDimpleLeft",
	"mouthDimpleRight",
	"mouthStretchLeft",
	"mouthStretchRight",
	"mouthRollLower",
	"mouthRollUpper",
	"mouthShrugLower",
	"mouthShrugUpper",
	"mouthPressLeft",
	"mouthPressRight",
	"mouthLowerDownLeft",
	"mouthLowerDownRight",
	"mouthUpperUpLeft",
	"mouthUpperUpRight",
	"browDownLeft",
	"browDownRight",
	"browInnerUp",
	"browOuterUpLeft",
	"browOuterUpRight",
	"cheekPuff",
	"cheekSquintLeft",
	"cheekSquintRight",
	"noseSneerLeft",
	"noseSneerRight",
	"tongueOut",
]

const LIVE_LINK := 6
const JSON_TEXT := 123
const HELLO := 129
const BINARY := 130
const BINARY_HEADER := 36
const LIVE_LINK_VALUES := 61
const LONGEST_TEXT := 1024

var _names := PackedStringArray()


## Returns the frame in a message, or null.
func decode(message: PackedByteArray) -> Frame:
	if message.is_empty():
		return null
	var frame: Frame = null
	match message[0]:
		LIVE_LINK:
			frame = _live_link(message)
		JSON_TEXT:
			frame = _json(message)
		HELLO:
			_hello(message.slice(1))
		BINARY:
			frame = _binary(message)
	return frame if frame != null and frame.is_valid() else null


func _live_link(message: PackedByteArray) -> Frame:
	var bytes := StreamPeerBuffer.new()
	bytes.data_array = message
	bytes.big_endian = true
	bytes.seek(1)
	for text in 2:  # the device, the subject
		if bytes.get_available_bytes() < 4:
			return null
		var length := bytes.get_32()
		if length < 0 or length > LONGEST_TEXT or length > bytes.get_available_bytes():
			return null
		bytes.seek(bytes.get_position() + length)
	if bytes.get_available_bytes() < 17 + 4 * LIVE_LINK_VALUES:
		return null
	var number := bytes.get_32() + bytes.get_float()
	var rate := float(bytes.get_32()) / maxi(bytes.get_32(), 1)
	if bytes.get_u8() != LIVE_LINK_VALUES or rate <= 0.0:
		return null
	var values := PackedFloat32Array()
	for i in ARKIT_NAMES.size():
		values.append(bytes.get_float())
	var yaw := bytes.get_float()
	var pitch := bytes.get_float()
	var roll := bytes.get_float()
	return Frame.new(_remember(ARKIT_NAMES), values, yaw, pitch, roll, number / rate)


func _json(message: PackedByteArray) -> Frame:
	var fields := _object(message)
	var controls: Variant = fields.get("controls")
	var head: Variant = fields.get("head", [0.0, 0.0, 0.0])
	var seconds: Variant = fields.get("time_s", 0.0)
	if not (controls is Dictionary and head is Array and head.size() == 3 and _is_number(seconds)):
		return null
	if not (controls.values() + head).all(_is_number):
		return null
	var names := _remember(controls.keys())
	var values := PackedFloat32Array(controls.values())
	return Frame.new(names, values, head[0], head[1], head[2], seconds)


func _hello(message: PackedByteArray) -> void:
	var names: Variant = _object(message).get("controls")
	if names is Array:
		_remember(names)


func _binary(message: PackedByteArray) -> Frame:
	var count := _names.size()
	if message.size() != BINARY_HEADER + 4 * count or message.decode_u16(2) != count:
		return null
	var values := message.slice(BINARY_HEADER).to_float32_array()
	return Frame.new(
		_names,
		values,
		message.decode_float(24),
		message.decode_float(28),
		message.decode_float(32),
		message.decode_double(8)
	)


func _object(message: PackedByteArray) -> Dictionary:
	var json := JSON.new()
	if json.parse(message.get_string_from_utf8()) != OK or not json.data is Dictionary:
		return {}
	return json.data


func _remember(names: Array) -> PackedStringArray:
	var found := PackedStringArray(names)
	if found != _names:
		_names = found
	return _names


func _is_number(value: Variant) -> bool:
	return value is float or value is int
