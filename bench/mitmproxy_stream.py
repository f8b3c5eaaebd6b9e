"""A script for mitmproxy: pass bodies on as they come. By default it collects them first."""


def responseheaders(flow) -> None:
    flow.response.stream = True
