"""The contact sheet of a live process: masked as viewers see it, dark where there is nothing of now."""

from pathlib import Path

import cv2
import httpx
import numpy as np
from live_site import mask_document, running_site, site_config

from tests.web.served_site import eventually
from vms.rules.sheet_layout import columns_of
from web.live.contact_sheet import CELL_HEIGHT, CELL_WIDTH

HALF = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}


def cell(sheet: np.ndarray, number: int, columns: int) -> np.ndarray:
    row, column = divmod(number, columns)
    return sheet[row * CELL_HEIGHT : (row + 1) * CELL_HEIGHT, column * CELL_WIDTH : (column + 1) * CELL_WIDTH]


def test_masks_stand_on_the_sheet_unknown_ones_blank_and_a_camera_that_is_down_is_dark(tmp_path: Path) -> None:
    config = site_config(tmp_path, [{"id": "vrij", "masks": "none"}, {"id": "vast"}, {"id": "zonder"}, {"id": "weg"}])
    with running_site(config, mask_document("vast", HALF)) as site:
        for camera in ("vrij", "vast", "zonder"):
            site.add(camera)
        transport = httpx.HTTPTransport(uds=str(config.live_socket))
        with httpx.Client(transport=transport, base_url="http://live", timeout=20) as http:
            answer = eventually(lambda: (found := http.get("/sheet")).headers["x-ages"].count("-") == 1 and found)
            sheet = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    columns = int(answer.headers["x-columns"])
    assert answer.headers["x-ages"].split(",")[3] == "-"
    free, fixed, blank, gone = (cell(sheet, number, columns) for number in range(4))
    area = (slice(20, 75), slice(30, 110))
    assert free[area].std() > 20
    assert fixed[area].std() < 3
    assert fixed[90:, 130:].std() > 20
    assert blank[2:-2].std() < 2
    assert gone.mean() < 30


def test_the_columns_fit_a_wide_screen() -> None:
    assert [columns_of(count) for count in (0, 1, 4, 12, 74)] == [1, 2, 3, 4, 10]


def test_a_sheet_of_some_cameras_has_their_cells_and_no_others(tmp_path: Path) -> None:
    config = site_config(
        tmp_path, [{"id": "vrij", "masks": "none"}, {"id": "weg"}, {"id": "ook-vrij", "masks": "none"}]
    )
    with running_site(config) as site:
        for camera in ("vrij", "ook-vrij"):
            site.add(camera)
        transport = httpx.HTTPTransport(uds=str(config.live_socket))
        with httpx.Client(transport=transport, base_url="http://live", timeout=20) as http:
            eventually(lambda: http.get("/sheet").headers["x-ages"].count("-") == 1)
            only = http.get("/sheet?only=ook-vrij")
            nothing = http.get("/sheet?only=")
    sheet = cv2.imdecode(np.frombuffer(only.content, np.uint8), cv2.IMREAD_COLOR)
    assert (only.headers["x-columns"], only.headers["x-ages"].count(",")) == (str(columns_of(1)), 0)
    assert cell(sheet, 0, columns_of(1)).std() > 20
    assert cell(sheet, 1, columns_of(1)).mean() < 30
    assert nothing.headers["x-ages"] == ""
    assert cv2.imdecode(np.frombuffer(nothing.content, np.uint8), cv2.IMREAD_COLOR).mean() < 30
