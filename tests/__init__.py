from . import (
    test_tools_address,
    test_tools_bounce,
    test_tools_token,
    test_tools_visitor,
    test_way_of_one_email,
)
