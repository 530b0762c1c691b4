"""Secrets of every shape in a run, each with a marker of its own, and a search for the markers.

None is a key of anybody: where a shape needs the beginning of a real one it is followed by the
marker.
"""

import gzip
import json
import re
import zlib

#: In every secret: what must be found nowhere.
MARKER = re.compile(rb"PLANTED\d\dX")

SECRETS = {
    "a key": "PLANTED01X",
    "auth_token": "PLANTED02X",
    "token": "hf_PLANTED03X",
    "header of a mapping": "Bearer PLANTED04X",
    "header of a text": "Authorization: Bearer PLANTED05X",
    "user": "https://PLANTED06X:word@host:8000/v1",
    "password": "https://me:PLANTED07X@host:8000/v1",
    "query": "https://host:8000/v1?key=PLANTED08X",
    "fragment": "https://host:8000/v1#PLANTED09X",
    "part of the path": "https://host:8000/sk-PLANTED10X/v1",
    "chat template": "PLANTED11X",
    "gen_kwargs": "PLANTED12X",
    "stop sequence": "Bearer PLANTED13X",
    "text of JSON": '{"Authorization": "Bearer PLANTED14X"}',
    "generation_kwargs": "PLANTED15X",
    "stop of a task": "sk-PLANTED16X",
    "source": "https://me:PLANTED17X@data.org/rows.jsonl",
    "free text": "password: PLANTED18X",
    "list": ["PLANTED19X"],
    "metadata": "PLANTED20X",
    "home": "/home/PLANTED21X/secret-project/ckpt/step-100",
    "token of three parts": "eyJhbGciOiJIUzI1NiJ9.eyJQTEFOVEVEMjJYIn0.PLANTED22X",
    "key of a cloud": "AKIAPLANTED23X",
    "user without a scheme": "me:PLANTED24X@host:8000/v1",
    "name of a run": "tuned with sk-PLANTED25X",
    "reason": "made with api_key=PLANTED26X",
    "named in the key": "sk-PLANTED27X",
}


def plant(results, doc):
    """Put them into a results file and a document, as lm-eval writes them."""
    s = SECRETS
    task = next(iter(results["configs"]))
    results["model_name"] = s["home"]
    results["config"] |= {
        "model": "local-chat-completions",
        "model_args": {
            "pretrained": s["home"],
            "model": s["password"],
            "api_key": s["a key"],
            "auth_token": s["auth_token"],
            "token": s["token"],
            "header": {"Authorization": s["header of a mapping"]},
            "headers": s["header of a text"],
            "base_url": s["user"],
            "api_base": s["query"],
            "azure_endpoint": s["fragment"],
            "adapter": s["part of the path"],
            "engine": s["user without a scheme"],
            "chat_template_args": {"enable_thinking": False, "key": s["chat template"]},
            "extra": [[{"x": s["list"]}]],
            "dtype": s["key of a cloud"],
            "think_end_token": s["token of three parts"],
            s["named in the key"]: 1,
            "load_in_4bit": True,
        },
        "gen_kwargs": {
            "api_key": s["gen_kwargs"],
            "temperature": 0.5,
            "until": ["###", s["stop sequence"]],
            "extra_body": {"headers": s["text of JSON"], "top_k": 5},
            "stop": s["free text"],
        },
        "metadata": {"api_key": s["metadata"]},
    }
    results["configs"][task] |= {
        "generation_kwargs": {
            "max_gen_toks": 4096,
            "until": [s["stop of a task"], "\n"],
            "headers": {"x": s["generation_kwargs"]},
        },
        "metadata": {"version": 1, "api_key": s["metadata"]},
    }
    doc["source"] = {"set": "caopd_math", "version": 1, "origin": s["source"], "key": s["metadata"]}


def plant_in_pairs(results):
    """Put the arguments into the form `a=1,b=2`."""
    s = SECRETS
    results["config"] |= {
        "model_args": f"pretrained=org/name,api_key={s['a key']},token={s['token']},load_in_4bit="
        f"True,header={json.dumps({'Authorization': s['header of a mapping'], 'x': 'a'})},"
        f"base_url={s['password']},{s['named in the key']},key={s['auth_token']}",
        "gen_kwargs": f"temperature=0.5,until=it's,api_key={s['gen_kwargs']},stop=it's",
    }


def search(folder, streams=()):
    """Give (place, marker) of every marker in the texts, and in the files of a folder, unpacked."""
    texts = [(f"stream: {text[:40]}", text.encode("utf-8", "replace")) for text in streams]
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    assert files
    for file in files:
        content = file.read_bytes()
        texts += [(str(file), content), (str(file), str(file.relative_to(folder)).encode())]
        if content[:2] == b"\x1f\x8b":
            texts.append((str(file), gzip.decompress(content)))
        for packed in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
            try:
                texts.append((str(file), zlib.decompressobj().decompress(packed)))
            except zlib.error:
                continue
    return sorted({(place, m.decode()) for place, text in texts for m in MARKER.findall(text)})
