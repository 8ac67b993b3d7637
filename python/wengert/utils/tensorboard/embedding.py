"""Files of TensorBoard's projector: points and labels as tables, pictures in one image, and the list of these."""

import os

from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from ._arrays import to_array, to_png

_CONFIG = "projector_config.pbtxt"


def write(log_dir, mat, metadata, label_img, step, tag, metadata_header):
    points = to_array(mat)
    if points.ndim != 2:
        raise ValueError("mat should be 2D, where mat.size(0) is the number of data points")
    folder = f"{int(step):05d}/{_file_name(tag)}"
    path = os.path.join(log_dir, folder)
    os.makedirs(path, exist_ok=True)
    config = _read_config(log_dir)
    name = f"{tag}:{int(step):05d}"
    for i in [i for i, each in enumerate(config.embeddings) if each.tensor_name == name]:
        del config.embeddings[i]  # written before
    entry = config.embeddings.add(tensor_name=name, tensor_path=f"{folder}/tensors.tsv")
    _write_table(os.path.join(path, "tensors.tsv"), points.tolist())
    if metadata is not None:
        if len(metadata) != len(points):
            raise ValueError(f"#labels should equal with #data points, got {len(metadata)} and {len(points)}")
        rows = [row if metadata_header else [row] for row in metadata]
        _write_table(os.path.join(path, "metadata.tsv"), [metadata_header, *rows] if metadata_header else rows)
        entry.metadata_path = f"{folder}/metadata.tsv"
    if label_img is not None:
        sprite, size = _sprite(to_array(label_img), len(points))
        with open(os.path.join(path, "sprite.png"), "wb") as file:
            file.write(sprite)
        entry.sprite.image_path = f"{folder}/sprite.png"
        entry.sprite.single_image_dim.extend([size, size])
    with open(os.path.join(log_dir, _CONFIG), "w", encoding="utf-8") as file:
        file.write(text_format.MessageToString(config))


def _read_config(log_dir):
    config = ProjectorConfig()
    path = os.path.join(log_dir, _CONFIG)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text_format.Parse(file.read(), config)
    return config


def _file_name(tag):
    """tag without what a path would take apart."""
    return "".join(each if each.isalnum() or each in "-_." else f"%{ord(each):02x}" for each in tag)


def _write_table(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write("\t".join(str(each) for each in row) + "\n")


def _sprite(images, count):
    """(PNG of images (N, C, H, H) in a square, H): the projector finds picture i in row i // n of n."""
    import numpy as np

    if images.ndim != 4 or len(images) != count:
        raise ValueError(f"#images should equal with #data points: label_img is {tuple(images.shape)}, points {count}")
    _, channels, height, width = images.shape
    if height != width:
        raise ValueError("Image should be square")
    side = int(np.ceil(np.sqrt(count)))
    canvas = np.zeros((side * height, side * width, channels), images.dtype)
    for i, image in enumerate(images):
        top, left = i // side * height, i % side * width
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return to_png(np.repeat(canvas, 3, axis=2) if channels == 1 else canvas)[0], height
