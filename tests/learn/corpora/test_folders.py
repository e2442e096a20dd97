"""What all sources that read a folder of the user share."""

import pytest

from marotte.errors import MarotteError
from marotte.learn.corpora.recipe import configure


@pytest.mark.parametrize("name", ["beat", "folder", "librispeech", "livelink", "vocaset"])
def test_the_folder_must_exist_and_contain_recordings(tmp_path, name):
    with pytest.raises(MarotteError, match=f"the source '{name}' needs the option 'folder'"):
        configure(name, {}).items()
    with pytest.raises(MarotteError, match=r"finds no folder .*none"):
        configure(name, {"folder": str(tmp_path / "none")}).items()
    with pytest.raises(MarotteError, match=r"finds no|can't read"):
        configure(name, {"folder": str(tmp_path)}).items()
