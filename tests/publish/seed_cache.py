"""seed_cache.py CONTEXT.jsonld CACHE: puts RO-Crate's 1.1 context into roc-validator's HTTP cache (requests_cache, sqlite), so that --offline works.
The context is the file that `rocrate` 0.13.0 from PyPI ships (rocrate/data/ro-crate.jsonld)."""
import sys, pathlib
from requests_cache import CachedSession
from requests import Response, Request
s = CachedSession(cache_name=sys.argv[2], expire_after=-1, backend="sqlite", allowable_methods=("GET",), allowable_codes=(200, 302, 404))
body = pathlib.Path(sys.argv[1]).read_bytes()
url = "https://w3id.org/ro/crate/1.1/context"
request = s.prepare_request(Request("GET", url, headers={"Accept": "application/ld+json, application/json, */*;q=0.1"}))
r = Response(); r.status_code = 200; r.reason = "OK"; r.url = url; r._content = body; r.request = request; r.encoding = "utf-8"
r.headers["Content-Type"] = "application/ld+json"
import io
from urllib3 import HTTPResponse
r.raw = HTTPResponse(body=io.BytesIO(body), headers=dict(r.headers), status=200, preload_content=False, request_url=url, request_method="GET")
key = s.cache.create_key(request, match_headers=s.settings.match_headers)
s.cache.save_response(r, cache_key=key); print(list(s.cache.urls()))
