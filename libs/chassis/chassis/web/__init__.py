"""The HTTP side of a service: the Flask application, its errors, limits, health pages and access log. It
knows no service; services hand in their blueprints.
"""

from chassis.web.app import Blueprint, create_app
from chassis.web.current import optional_principal, principal

__all__ = ["Blueprint", "create_app", "optional_principal", "principal"]
