"""One flow driven by Apache Qpid Proton. Reads a scenario as JSON from argv[1], prints what happened as JSON.

scenario: port, address, name, messages (list of sizes; message i is filled with byte i), body (data or value),
finish (half-close, reset or stay), properties, max_frame_size, mechanism, credit, until (bytes to wait for), sizes (tell those of messages received).
"""
import hashlib
import json
import sys

from proton import Condition, Link, Message, symbol
from proton.handlers import MessagingHandler
from proton.reactor import Container, LinkOption
from proton.utils import BlockingConnection


class Named(LinkOption):
    def __init__(self, properties):
        self.properties = properties

    def apply(self, link):
        link.snd_settle_mode = Link.SND_UNSETTLED
        if self.properties and link.is_sender:
            link.properties = {symbol(k): v for k, v in self.properties.items()}


class Flow(MessagingHandler):
    def __init__(self, scenario):
        super().__init__(prefetch=scenario.get("credit", 50), auto_accept=True, auto_settle=True)
        self.scenario = scenario
        self.sent = 0
        self.hash = hashlib.sha256()
        self.result = {"received": 0, "accepted": 0, "ended": False, "errors": []}

    def on_start(self, event):
        s = self.scenario
        options = {"max_frame_size": s["max_frame_size"]} if "max_frame_size" in s else {}
        url = "127.0.0.1:%d" % s["port"]
        self.connection = event.container.connect(
            url, reconnect=False, allowed_mechs=s.get("mechanism", "ANONYMOUS"), heartbeat=s.get("heartbeat"), **options)
        named = Named(s.get("properties"))
        self.sender = event.container.create_sender(
            self.connection, s["address"], name=s["name"] + "/o", options=named)
        self.receiver = event.container.create_receiver(
            self.connection, s["address"], name=s["name"] + "/i", options=named)
        self.deadline = event.container.schedule(20, self)

    def on_timer_task(self, event):
        self.result["errors"].append("timeout")
        self.connection.close()

    def on_sendable(self, event):
        messages = self.scenario.get("messages", [])
        while event.sender.credit and self.sent < len(messages):
            body = bytes([self.sent % 256]) * messages[self.sent]
            if self.scenario.get("body") == "value":
                event.sender.send(Message(body="text"))
            else:
                event.sender.send(Message(body=body, inferred=True))
            self.sent += 1
        if self.sent == len(messages):
            self.finish_sending()

    def finish_sending(self):
        finish = self.scenario.get("finish", "half-close")
        if finish == "half-close" and self.sender.state & Link.LOCAL_ACTIVE:
            self.sender.close()
        elif finish == "reset" and self.sender.state & Link.LOCAL_ACTIVE:
            self.sender.condition = Condition("fairlead:reset", "client went away")
            self.sender.close()

    def on_message(self, event):
        body = event.message.body
        self.result["received"] += len(body)
        if self.scenario.get("sizes"):
            self.result.setdefault("sizes", []).append(len(body))
        self.hash.update(body)
        if self.result["received"] >= self.scenario.get("until", sys.maxsize):
            self.stop(event)

    def on_accepted(self, event):
        self.result["accepted"] += 1

    def on_link_error(self, event):
        self.result["errors"].append(event.link.remote_condition.name)
        self.stop(event)

    def on_link_closing(self, event):
        if event.link.is_receiver:
            self.result["ended"] = True
            self.stop(event)

    def on_transport_error(self, event):
        self.result["errors"].append(str(event.transport.condition))
        event.container.stop()

    def on_connection_error(self, event):
        self.result["errors"].append(event.connection.remote_condition.name)

    def stop(self, event):
        event.connection.close()
        self.deadline.cancel()


def blocking(scenario):
    """The blocking client waits for the answer of one link before it attaches the next."""
    connection = BlockingConnection("127.0.0.1:%d" % scenario["port"], timeout=10)
    sender = connection.create_sender(scenario["address"], name=scenario["name"] + "/o")
    receiver = connection.create_receiver(scenario["address"], name=scenario["name"] + "/i", credit=10)
    sender.send(Message(body=b"blocking", inferred=True))
    body = receiver.receive(timeout=10).body
    connection.close()
    return {"text": bytes(body).decode()}


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    if wanted.get("blocking"):
        print(json.dumps(blocking(wanted)))
    else:
        flow = Flow(wanted)
        Container(flow).run()
        flow.result["sha256"] = flow.hash.hexdigest()
        print(json.dumps(flow.result))
