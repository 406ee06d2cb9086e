"""The mapping language: pairs of paths in XML, compiled once to a plan that translates both ways."""

from adapters.mapping.values import Fault, MapContext, Side, Translation, Way

__all__ = ["Fault", "MapContext", "Side", "Translation", "Way"]
