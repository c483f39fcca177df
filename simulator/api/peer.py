"""Drives a router with librouteros, somebody else's client, and prints what that made of it.

usage: peer.py <port> plain|cert|anonymous plain|token <ca file or -> <user> <password> <steps>

<steps> is JSON: [["add", {…}], ["print", [keys], [query words]], ["set", {…}], ["remove", id],
["call", command, {…}], …]. Output is JSON: one element a step, first the login: a value, or
{"error": class, "message": …}.
"""
import json
import ssl
import sys

import librouteros
from librouteros.exceptions import LibRouterosError
from librouteros.login import plain, token

PORT, TRANSPORT, LOGIN, CA_FILE, USER, PASSWORD, STEPS = sys.argv[1:]


def wrapper():
    if TRANSPORT == 'plain':
        return lambda sock: sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if TRANSPORT == 'cert':
        context.load_verify_locations(CA_FILE)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers('ADH:@SECLEVEL=0')
    return lambda sock: context.wrap_socket(sock, server_hostname='127.0.0.1')


def run(api, step):
    menu = api.path('/ip/firewall/address-list')
    verb, *arguments = step
    if verb == 'add':
        return menu.add(**arguments[0])
    if verb == 'set':
        return menu.update(**arguments[0])
    if verb == 'remove':
        return menu.remove(*arguments)
    if verb == 'print':
        keys, query = arguments
        return list(api.rawCmd(str(menu) + '/print', '=.proplist=' + ','.join(keys), *query))
    return list(api(arguments[0], **arguments[1]))


def outcome(action):
    try:
        return action()
    except (LibRouterosError, OSError) as error:
        return {'error': type(error).__name__, 'message': getattr(error, 'message', str(error))}


def connect():
    return librouteros.connect(
        '127.0.0.1', USER, PASSWORD, port=int(PORT), timeout=5, encoding='utf-8',
        ssl_wrapper=wrapper(), login_method={'plain': plain, 'token': token}[LOGIN],
    )


api = outcome(connect)
if isinstance(api, dict):
    print(json.dumps([api]))
else:
    print(json.dumps(['logged in'] + [outcome(lambda: run(api, step)) for step in json.loads(STEPS)]))
    api.close()
