"""Tables for test_calls.py: responses with their calls, and pairs of inputs."""

from caopd_bench.tasks.read.calls.find import Call, render_calls

GET = ("get", '{"a": 1}')
PUT = ("put", '{"b": "}"}')
# (response, the calls in it)
FOUND = [
    ('Thought: x\nAction: get\nAction Input: {"a": 1}\nConfidence: 0.9', [GET]),
    ('ACTION: get\naction_input: {"a": 1}', [GET]),
    # markup
    ('**Thought:** x\n**Action:** `get`\n**Action Input:** `{"a": 1}`', [GET]),
    ('**Action**: get\n**Action Input**:\n```json\n{"a": 1}\n```', [GET]),
    ('`Action`: "get",\n`Action Input`: {"a": 1}', [GET]),
    ('- **Action:** [get]\n- **Action Input:** {"a": 1}', [GET]),
    ('```\nAction: get\n\nAction Input: ```{"a": 1}```\n```', [GET]),
    ('1. Action: get.\n   Action Input: {"a": 1}', [GET]),
    ('Step 1: Action: get\nAction Input: input = {"a": 1}', [GET]),
    # several calls
    ('Action: get\nAction Input: {"a": 1}\n\nAction: put\nAction Input: {"b": "}"}', [GET, PUT]),
    ('Action 1: get\nAction Input 1: {"a": 1}\nAction #2: put\nAction 2 Input: {"b": "}"}',
     [GET, PUT]),
    ('Action: get\nAction Input: {"a": 1}\nConfidence: 0.8\nThought: and\nAction: put\n'
     'Action Input: {"b": "}"}\nConfidence: 0.9', [GET, PUT]),
    ('Action: get\nAction Input: {"a": 1}\nAction: get\nAction Input: {"a": 1}', [GET, GET]),
    # two inputs after one name are two calls
    ('Action: get\nAction Input: {"a": 1}, {"a": 1}', [GET, GET]),
    ('Action: get\nAction Input: {"a": 1}\nAction Input: {"a": 1}', [GET, GET]),
    # on one line
    ('Thought: I need it. Action: get Action Input: {"a": 1} Confidence: 0.9', [GET]),
    ('Thought: I need it Action: get Action Input: {"a": 1}', [GET]),
    ('Action: get, Action Input: {"a": 1}, Action: put, Action Input: {"b": "}"}', [GET, PUT]),
    # on several
    ('Action:\nget\nAction Input:\n\n{"a": 1}', [GET]),
    ('Action: get\nAction Input: {\n  "a": {\n    "Action": {}\n  }\n}',
     [("get", '{\n  "a": {\n    "Action": {}\n  }\n}')]),
    # braces and quotes in strings
    ('Action: get\nAction Input: {"a": "\\"}{", "b": "\\\\"}',
     [("get", r'{"a": "\"}{", "b": "\\"}')]),
    ("Action: get\nAction Input: {'a': \"it's }\"}", [("get", "{'a': \"it's }\"}")]),
    # no input
    ("Action: get\nConfidence: 0.9", [("get", "")]),
    ("Action: get()\nConfidence: 0.9", [("get", "")]),
    ("Action: get Confidence: 0.9", [("get", "")]),
    ("Action: get\nAction Input:\nConfidence: 1", [("get", "")]),
    ("Action: get\nAction Input: None\nConfidence: 1", [("get", "None")]),
    # input beside the name, or with another label
    ('Action: get({"a": 1})', [GET]),
    ('Action: get {"a": 2}\nAction Input: {"a": 1}', [GET]),
    ('Action: get\nInput: {"a": 1}', [GET]),
    ('Parameters: {"a": 2}\nAction: get\nArguments: {"a": 1}\nParameters: {"a": 2}', [GET]),
    # the form of the gold answers
    (render_calls([Call(*GET), Call("put", "{}")]), [("get", r'{\"a\": 1}'), ("put", "{}")]),
    ('{"Thought": "x", "Action": "get", "Action Input": {"a": 1}}', [GET]),
    # unreadable inputs are kept
    ('Action: get\nAction Input: {"a": 1\nConfidence: 1', [("get", '{"a": 1')]),
    ('Action: get\nAction Input: [{"a": 1}]', [("get", '[{"a": 1}]')]),
    ("Action: get\nAction Input: page 3", [("get", "page 3")]),
    ("Action: first get, then put\nAction Input: {}", [("first get, then put", "{}")]),
    # the end of the block
    ('Action: get\nAction Input: {"a": 1}\nObservation: {\n"action": "x"\n}\nThought: y\n'
     'Action: put\nAction Input: {"b": "}"}\nFinal Answer: z\nAction: no', [GET, PUT]),
    ('Action: get\nAction Input: {"a": 1}\nQuestion: z\nAction: no', [GET]),
    ('Action: get\nAction Input: {"a": 1}\n\nBegin!\nAction: no', [GET]),
    ('Action: get\nAction Input: {"a": 1}<|im_end|>\nAction: no', [GET]),
    ('Action: get\nAction Input: {"a": 1}\nUser: thanks\nAction: no', [GET]),
    ('<|im_start|>assistant\nQuestion: z\nAction: get\nAction Input: {"a": 1}', [GET]),
    ('Final Answer:\nAction: get\nAction Input: {"a": 1}', [GET]),
    ("Final Answer: nothing\nQuestion: x\nAction: no", []),
    # no calls
    ("", []), ("I will call `get`.", []), ("Reaction: get\nTransaction Input: {}", []),
    ("Action: None\nAction Input: None", []), ("The Action: should be get.", []),
    ("Action Input: {}", []), ("### Action\nget", []), ("Action:\nI shall call it\nget", []),
    ("Action: the action to take, should be one of the tool names.\nAction Input: {}", []),
    ('Action: toolName\nAction Input: {json}\n\nAction: get\nAction Input: {"a": 1}', [GET]),
]  # fmt: skip

# (one input, another): the same arguments.
SAME_INPUTS = [
    ('{"id": 3}', '{"id":3.0}'), ('{"id": "3"}', '{"id": 3}'), ('{"id": " 3 "}', '{"id": 3}'),
    ('{"id": "0.90"}', '{"id": 0.9}'), ('{"id": -2}', '{"id": "-2"}'),
    ('{"id": 1e2}', '{"id": 100}'),
    ('{"on": true}', '{"on": "True"}'), ('{"on": true}', "{'on': True}"),
    ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'), ('{"a": {"b": 1, "c": 2}}', '{"a":{"c":"2","b":1}}'),
    ('{"a": "x"}', '{"a": " x\\n"}'), ('{"a": "，"}', '{"a": ","}'),
    ('{"a": "é"}', r'{"a": "\u00e9"}'),
    ('{"a": 1}', '{"a": 1, "b": null, "c": "", "d": " "}'), ('{"a": {"b": ""}}', '{"a": {}}'),
    ("{}", ""), ("{}", " "), ("{}", "null"), ("{}", "None"), ("{}", "N/A"), ("{}", '{"a": ""}'),
    ('{"a": "it\'s"}', '{\'a\': "it\'s"}'), ('{"a": "it\'s"}', "{'a': 'it\\'s'}"),
    ('{"a": "\\"x\\""}', "{'a': '\"x\"'}"), ('{"a": ["x", 1]}', "{'a': ['x', '1',],}"),
    ('{"a": "x", "b": null}', "{'a': 'x', 'b': None}"), ('{"a": "x"}', r'{\"a\": \"x\"}'),
    ('{"a": "True, }"}', "{'a': 'True, }',}"), ('{"a": "x\ny"}', '{"a": "x\\ny"}'),
    ("page 3", " page 3\n"), ("[1]", "[1]"),
]  # fmt: skip
# (one input, another): not the same.
OTHER_INPUTS = [
    ('{"id": 3}', '{"id": 4}'), ('{"id": "3"}', '{"id": "3x"}'), ('{"id": 3}', '{"id": [3]}'),
    ('{"id": 1}', '{"id": true}'), ('{"id": 0}', '{"id": false}'),
    ('{"id": "02134"}', '{"id": 2134}'),
    ('{"id": "1e2"}', '{"id": 100}'), ('{"id": 0}', "{}"), ('{"on": false}', "{}"),
    ('{"id": 0.1}', '{"id": 0.10000000000000001}'), ('{"id": "+3"}', '{"id": 3}'),
    ('{"a": "x"}', '{"a": "X"}'), ('{"a": "x y"}', '{"a": "x  y"}'), ('{"a": "x"}', '{"A": "x"}'),
    ('{"a": 1}', '{"a": 1, "b": 2}'), ('{"a": [1, 2]}', '{"a": [2, 1]}'),
    ('{"a": [""]}', '{"a": []}'),
    ('{"a": []}', "{}"), ('{"a": {}}', "{}"), ('{"a": [null]}', '{"a": [""]}'),
    ('{"a": "null"}', "{}"),
    ("page 3", "page 4"), ('{"a": 1}', "page 3"), ('{"a": 1}', "[1]"), ('{"a": 1}', '[{"a": 1}]'),
    ('{"a": 1}', '{"a": 1'),
    ('{"a": 2}', '{"a": 1, "a": 2}'), ('{"a": 1}', '{"a": 1}}'), ('{"a": 1}', "{a: 1}"),
    ('{"a": "x"}', "{'a': b'x'}"), ('{"a": "x"}', "{'a': 'x"), ("{}", "set()"), ("{}", "{None}"),
    ('{"a": 9}', '{"a": 3 * 3}'), ('{"a": 9}', '{"a": NaN}'), ('{"a": 1}', ""), ("{}", "[]"),
]  # fmt: skip
