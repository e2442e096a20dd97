@tool
extends EditorPlugin
## Adds *Project > Tools > Marotte: import a take...*: a JSON file becomes an AnimationLibrary of
## the selected AnimationPlayer, or of the scene's first one.

const Take := preload("take.gd")
const MENU := "Marotte: import a take..."

var _dialog: EditorFileDialog


func _enter_tree() -> void:
	_dialog = EditorFileDialog.new()
	_dialog.file_mode = EditorFileDialog.FILE_MODE_OPEN_FILES
	_dialog.access = EditorFileDialog.ACCESS_FILESYSTEM
	_dialog.add_filter("*.json", "Takes of marotte animate")
	_dialog.files_selected.connect(_import)
	EditorInterface.get_base_control().add_child(_dialog)
	add_tool_menu_item(MENU, _ask)


func _exit_tree() -> void:
	remove_tool_menu_item(MENU)
	_dialog.queue_free()


func _ask() -> void:
	if _player() == null:
		push_error("Marotte: the scene has no AnimationPlayer: add one first")
	else:
		_dialog.popup_centered_ratio(0.6)


func _import(paths: PackedStringArray) -> void:
	var player := _player()
	var root := player.get_node(player.root_node)
	for path in paths:
		var library := Take.load_library(path, root)
		if library == null:
			continue
		var wanted := path.get_file().get_basename().validate_node_name()
		var unused := wanted
		var number := 2
		while player.has_animation_library(unused):  # nothing of the user's is replaced
			unused = "%s_%d" % [wanted, number]
			number += 1
		var undo := get_undo_redo()
		undo.create_action("Import take %s" % unused)
		undo.add_do_method(player, "add_animation_library", unused, library)
		undo.add_undo_method(player, "remove_animation_library", unused)
		undo.commit_action()
		print("Marotte: %s/speech, %.1f s" % [unused, library.get_animation("speech").length])


func _player() -> AnimationPlayer:
	for node in EditorInterface.get_selection().get_selected_nodes():
		if node is AnimationPlayer:
			return node
	var root := EditorInterface.get_edited_scene_root()
	var players := root.find_children("*", "AnimationPlayer") if root != null else []
	return players[0] if not players.is_empty() else null
