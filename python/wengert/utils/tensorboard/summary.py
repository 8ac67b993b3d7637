"""Summaries, the messages of an event file, made of arrays and text."""

import numpy as np
from tensorboard.compat.proto.histogram_pb2 import HistogramProto
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

from ._arrays import to_array, to_number, to_png

_TYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}
_LEAST = 1e-7  # in the denominators of precision and recall


def _of(*values):
    return Summary(value=values)


def _plugin(name, content=b""):
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name, content=content))


def _tensor(array):
    """A TensorProto of float32 or float64."""
    proto = TensorProto(dtype=_TYPES[array.dtype.name], tensor_content=array.tobytes())
    proto.tensor_shape.dim.extend(TensorShapeProto.Dim(size=size) for size in array.shape)
    return proto


def scalar(tag, value, new_style, double_precision):
    number = to_number(value)
    if not new_style:
        return _of(Summary.Value(tag=tag, simple_value=number))
    array = np.array(number, np.float64 if double_precision else np.float32)
    return _of(Summary.Value(tag=tag, tensor=_tensor(array), metadata=_plugin("scalars")))


def default_bins():
    """The edges of TensorFlow's histograms: both ways from zero, each 1.1 times the last, from 1e-12 to 1e20."""
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return [-each for each in reversed(edges)] + [0] + edges


def histogram(tag, values, bins, max_bins):
    """bins: edges, a number of bins, or a rule of numpy.histogram; beyond max_bins of them neighbours are added up."""
    values = to_array(values).astype(float).reshape(-1)
    if values.size == 0:
        raise ValueError("The input has no element.")
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        counts = np.add.reduceat(counts, range(0, len(counts), step))
        limits = np.append(limits[:-1:step], limits[-1])
    held = np.flatnonzero(counts)
    if held.size == 0:
        raise ValueError(
            "The histogram is empty, please file a bug report." if np.isfinite(values).all() else "no finite value"
        )
    # From the empty bin before the first to the last that holds something.
    first, last = held[0], held[-1]
    limits = limits[first : last + 2]
    counts = np.concatenate([[0] if first == 0 else [counts[first - 1]], counts[first : last + 1]])
    return histogram_raw(tag, values.min(), values.max(), len(values), values.sum(), values.dot(values), limits, counts)


def histogram_raw(tag, low, high, count, total, squares, limits, counts):
    if len(limits) != len(counts):
        raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
    proto = HistogramProto(
        min=low, max=high, num=count, sum=total, sum_squares=squares, bucket_limit=list(limits), bucket=list(counts)
    )
    return _of(Summary.Value(tag=tag, histo=proto))


def image(tag, array):
    png, height, width, channels = to_png(array)
    shown = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=png)
    return _of(Summary.Value(tag=tag, image=shown))


def text(tag, content):
    metadata = _plugin("text", TextPluginData(version=0).SerializeToString())
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype="DT_STRING", string_val=[content.encode("utf-8")], tensor_shape=shape)
    return _of(Summary.Value(tag=f"{tag}/text_summary", metadata=metadata, tensor=tensor))


def pr_curve(tag, labels, predictions, thresholds, weights):
    """Counts of hits and misses at thresholds from 0 to 1, of predictions (probabilities) of labels (0 or 1)."""
    thresholds = min(thresholds, 127)  # more is too much for the page
    labels, predictions = to_array(labels).reshape(-1).astype(float), to_array(predictions).reshape(-1)
    weights = np.ones_like(labels) if weights is None else to_array(weights).reshape(-1)
    place = np.floor(predictions * (thresholds - 1)).astype(np.int32)
    counts = [
        np.histogram(place, bins=thresholds, range=(0, thresholds - 1), weights=each * weights)[0]
        for each in (labels, 1 - labels)
    ]
    hits, alarms = (each[::-1].cumsum()[::-1] for each in counts)
    rejected, missed = alarms[0] - alarms, hits[0] - hits
    precision = hits / np.maximum(_LEAST, hits + alarms)
    recall = hits / np.maximum(_LEAST, hits + missed)
    return pr_curve_raw(tag, [hits, alarms, rejected, missed, precision, recall], thresholds)


def pr_curve_raw(tag, rows, thresholds):
    """rows: true and false positives, true and false negatives, precision, recall, each by threshold."""
    data = np.stack([to_array(row) for row in rows]).astype(np.float32)
    content = PrCurvePluginData(version=0, num_thresholds=min(thresholds, 127)).SerializeToString()
    return _of(Summary.Value(tag=tag, metadata=_plugin("pr_curves", content), tensor=_tensor(data)))


def hparams(values, metrics, domains):
    """The three summaries of a run with hyperparameters: what is compared, the run's values, that it ended well."""
    infos, start = [], plugin_data_pb2.SessionStartInfo()
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, str):
            start.hparams[name].string_value, kind = value, "DATA_TYPE_STRING"
        elif isinstance(value, bool):
            start.hparams[name].bool_value, kind = value, "DATA_TYPE_BOOL"
        else:
            try:
                start.hparams[name].number_value, kind = to_number(value), "DATA_TYPE_FLOAT64"
            except NotImplementedError:
                raise ValueError("value should be one of int, float, str, bool, or wengert.Tensor") from None
        info = api_pb2.HParamInfo(name=name, type=kind)
        for each in domains.get(name, ()):
            field = "string_value" if isinstance(each, str) else "bool_value" if isinstance(each, bool) else "number_value"
            setattr(info.domain_discrete.values.add(), field, each)
        infos.append(info)
    named = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metrics]
    contents = {
        hparams_metadata.EXPERIMENT_TAG: {"experiment": api_pb2.Experiment(hparam_infos=infos, metric_infos=named)},
        hparams_metadata.SESSION_START_INFO_TAG: {"session_start_info": start},
        hparams_metadata.SESSION_END_INFO_TAG: {"session_end_info": plugin_data_pb2.SessionEndInfo(status="STATUS_SUCCESS")},
    }
    return [
        _of(
            Summary.Value(
                tag=tag, metadata=hparams_metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**content))
            )
        )
        for tag, content in contents.items()
    ]
