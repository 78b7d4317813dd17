"""What REDbot says of a URL: run with that as its argument, it prints the notes as JSON.

A second argument is the value of Accept.

REDbot's event loop is one for a process, and its sockets live as long: so this is a process.
"""

import configparser
import json
import sys

import thor
from redbot.resource import HttpResource


def main(url, *accepts):
    config = configparser.ConfigParser()
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(config["redbot"])
    resource.set_request(url, headers=[("Accept", accept) for accept in accepts])
    resource.on("check_done", thor.stop)
    resource.check()
    thor.run()
    response = resource.response
    responses = [response, *(check.response for check in resource.subreqs.values())]
    notes = [
        {"name": type(note).__name__, "level": note.level.value, "summary": str(note.summary)}
        for each in responses
        for note in each.notes
    ]
    json.dump({"status": response.status_code, "notes": notes}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
