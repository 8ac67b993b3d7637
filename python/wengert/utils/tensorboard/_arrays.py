"""Tensors, numbers and lists as NumPy arrays, and images as PNG."""

import io

import numpy as np

from ... import Tensor


def to_array(value):
    """An array of a tensor (without its history), an array, a number or a list of numbers; NotImplementedError for anything else."""
    if isinstance(value, Tensor):
        return value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic, int, float, list, tuple)):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array
    raise NotImplementedError(f"Got {type(value)}, but numpy array or wengert tensor are expected.")


def to_number(value):
    """The number of a tensor or array of one element, or a number."""
    array = to_array(value)
    if array.size != 1:
        raise ValueError(f"a scalar is expected, got {array.size} elements of shape {tuple(array.shape)}")
    return array.reshape(-1)[0].item()


def to_hwc(value, formats):
    """An image, or a grid of a batch of images, as an array of (height, width, 1, 3 or 4 channels).

    formats names the dimensions in their order: of H, W, C and N. Grey values become three channels.
    """
    array, formats = to_array(value), formats.upper()
    if len(set(formats)) != len(formats) or set(formats) - set("NCHW") or not set("HW") <= set(formats):
        raise ValueError(f"dataformats={formats!r} names each of N, C, H, W at most once, H and W among them")
    if array.ndim != len(formats):
        raise ValueError(
            f"size of input tensor and input format are different. tensor shape: {array.shape}, input_format: {formats}"
        )
    if "C" not in formats:
        array, formats = array[..., None], formats + "C"
    if "N" in formats:
        array = _grid(array.transpose([formats.index(each) for each in "NHWC"]))
    else:
        array = array.transpose([formats.index(each) for each in "HWC"])
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _grid(images, columns=8):
    """Images (number, height, width, channels) side by side, eight to a row, on black."""
    count, height, width, channels = images.shape
    columns = min(count, columns)
    rows = -(-count // columns)
    canvas = np.zeros((rows * height, columns * width, channels), images.dtype)
    for i, image in enumerate(images):
        top, left = i // columns * height, i % columns * width
        canvas[top : top + height, left : left + width] = image
    return canvas


def to_png(array):
    """(PNG, height, width, channels) of an image (height, width, channels) of bytes, or of numbers from 0 to 1."""
    from PIL import Image

    if array.dtype != np.uint8:
        array = (array.astype(np.float32) * 255).clip(0, 255).astype(np.uint8)
    height, width, channels = array.shape
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="PNG")
    return file.getvalue(), height, width, channels


def of_figures(figures, close):
    """An image (3, height, width) of a matplotlib figure, or (number, 3, height, width) of a list of them."""
    if isinstance(figures, (list, tuple)):
        return np.stack([of_figures(figure, close) for figure in figures])
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figures)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[:, :, :3].transpose(2, 0, 1)
    if close:
        import matplotlib.pyplot

        matplotlib.pyplot.close(figures)
    return image
