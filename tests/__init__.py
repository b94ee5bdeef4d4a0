from . import (
    test_audience,
    test_coexistence,
    test_delivery,
    test_launch,
    test_response,
    test_security,
    test_tools_address,
    test_tools_bounce,
    test_tools_token,
    test_tools_visitor,
    test_way_of_one_email,
    test_wizards,
)
