"""Predictions of a trained recognizer for many files and for long or live streams, and features."""

from mmtin.prediction.annotated_video import write_annotated_video
from mmtin.prediction.features import extract_features
from mmtin.prediction.online import predict_online
from mmtin.prediction.predict import predict_videos, predict_windows
from mmtin.prediction.recognizer import class_names, load_recognizer, top_classes
from mmtin.prediction.videos import Fault, Video, list_videos

__all__ = [
    'Fault',
    'Video',
    'class_names',
    'extract_features',
    'list_videos',
    'load_recognizer',
    'predict_online',
    'predict_videos',
    'predict_windows',
    'top_classes',
    'write_annotated_video',
]
