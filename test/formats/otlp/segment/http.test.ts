import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/json/json.ts';
import { KIND, type Value } from '../../../../src/formats/otlp/messages.ts';
import { clientOf, metadataOf, segmentOf } from '../../../fakes/segments-of.ts';
import { event } from '../../../fakes/otlp.ts';

type Values = Record<string, Value>;
const server = (attributes: Values): Json => segmentOf({ kind: KIND.server, attributes });
const request = (segment: Json): Json => (segment['http'] as { request?: Json } | undefined)?.request ?? {};
const response = (segment: Json): Json => (segment['http'] as { response?: Json } | undefined)?.response ?? {};

describe('request', () => {
  test.each<[Values, Json]>([
    [{ 'http.method': 'GET' }, { method: 'GET' }],
    [{ 'http.request.method': 'GET' }, { method: 'GET' }],
    [{ 'http.user_agent': 'curl' }, { user_agent: 'curl' }],
    [{ 'user_agent.original': 'curl' }, { user_agent: 'curl' }],
    [{ 'http.client_ip': '1.2.3.4' }, { client_ip: '1.2.3.4', x_forwarded_for: true }],
    [
      { 'http.method': 'GET', 'client.address': '1.2.3.4' },
      { method: 'GET', client_ip: '1.2.3.4', x_forwarded_for: true },
    ],
    [{ 'http.method': 'GET', 'client.address': 'host' }, { method: 'GET' }],
    [
      { 'http.method': 'GET', 'net.peer.ip': '::1' },
      { method: 'GET', client_ip: '::1' },
    ],
    [
      { 'http.method': 'GET', 'network.peer.address': '1.2.3.4' },
      { method: 'GET', client_ip: '1.2.3.4' },
    ],
    [{ 'http.method': 'GET', 'network.peer.address': '/tmp/socket' }, { method: 'GET' }],
    [
      { 'http.method': 'GET', 'client.address': '1.2.3.4', 'network.peer.address': '5.6.7.8' },
      { method: 'GET', client_ip: '1.2.3.4' },
    ],
    [{ 'http.url': 'https://a/b?c' }, { url: 'https://a/b?c' }],
    [{ 'url.full': 'https://a/b?c' }, { url: 'https://a/b?c' }],
  ])('%o is %o', (attributes, expected) => {
    expect(request(server(attributes))).toEqual(expected);
  });
});

describe('URL of a server', () => {
  test.each<[Values, string | undefined]>([
    [{ 'http.scheme': 'https', 'http.host': 'a:8443', 'http.target': '/b?c' }, 'https://a:8443/b?c'],
    [{ 'http.host': 'a:81', 'net.host.port': 90n }, 'http://a:81/'],
    [{ 'http.server_name': 'a', 'net.host.name': 'b', 'net.host.port': 8080n }, 'http://a:8080/'],
    [{ 'net.host.name': 'b', 'net.host.port': 80n, 'http.target': '/x' }, 'http://b/x'],
    [{ 'net.host.name': 'b', 'net.host.port': 443n, 'http.scheme': 'https' }, 'https://b/'],
    [{ 'net.host.name': 'b', 'net.host.port': 443n }, 'http://b:443/'],
    [{ 'host.name': 'c', 'http.method': 'GET' }, 'http://c/'],
    [
      { 'server.address': 'd', 'server.port': 8080n, 'url.scheme': 'http', 'url.path': '/p', 'url.query': 'q=1' },
      'http://d:8080/p?q=1',
    ],
    [{ 'server.address': 'd', 'url.query': 'q=1' }, 'http://d/?q=1'],
    [{ 'url.path': '/p' }, undefined],
    [{ 'http.method': 'GET', 'http.target': '/p' }, undefined],
  ])('%o is %s', (attributes, url) => {
    expect(request(server(attributes))['url']).toBe(url);
  });
});

describe('URL of a call', () => {
  test.each<[Values, string | undefined]>([
    [{ 'http.host': 'a:81', 'net.peer.name': 'b', 'http.target': '/t' }, 'http://a:81/t'],
    [{ 'net.peer.name': 'b', 'net.peer.port': 8080n, 'http.scheme': 'http' }, 'http://b:8080/'],
    [{ 'net.peer.ip': '1.2.3.4', 'http.method': 'GET' }, 'http://1.2.3.4/'],
    [{ 'net.host.name': 'own', 'http.method': 'GET' }, undefined],
  ])('%o is %s', (attributes, url) => {
    expect(request(clientOf(attributes))['url']).toBe(url);
  });
});

describe('response', () => {
  const RECEIVED = { 'message.type': 'RECEIVED', 'messaging.message_payload_size_bytes': 12n };
  test('its status', () => {
    expect(response(server({ 'http.status_code': 201n }))).toEqual({ status: 201 });
    expect(response(server({ 'http.response.status_code': 202n }))).toEqual({ status: 202 });
  });

  test('its size is that of the received message, of the span or of its first event that has one', () => {
    expect(response(server({ ...RECEIVED, 'http.method': 'GET' }))).toEqual({ content_length: 12 });
    const events = [event('message', { ...RECEIVED, 'message.type': 'SENT' }), event('message', RECEIVED)];
    expect(response(segmentOf({ attributes: { 'http.method': 'GET' }, events }))).toEqual({ content_length: 12 });
  });
});

describe('the block', () => {
  test.each([
    'http.method',
    'http.request.method',
    'http.user_agent',
    'user_agent.original',
    'http.client_ip',
    'http.url',
    'url.full',
  ])('%s makes one', (key) => {
    expect(server({ [key]: 'x' })).toHaveProperty('http');
  });

  test.each(['http.scheme', 'url.scheme', 'http.target', 'url.path', 'url.query', 'http.server_name', 'net.host.port'])(
    '%s makes one together with a host',
    (key) => {
      expect(server({ [key]: key === 'net.host.port' ? 1n : 'x', 'net.host.name': 'host' })).toHaveProperty('http');
    },
  );

  test.each([
    'host.name',
    'net.host.name',
    'net.peer.name',
    'net.peer.ip',
    'network.peer.address',
    'client.address',
    'server.address',
  ])('%s makes none', (key) => {
    expect(server({ [key]: '1.2.3.4' })).not.toHaveProperty('http');
  });

  test('its attributes are taken', () => {
    const attributes = {
      'http.request.method': 'GET',
      'url.full': 'https://a/',
      'http.response.status_code': 200n,
      'server.address': 'a',
      'server.port': 443n,
      'net.peer.name': 'a',
      'network.peer.address': '1.2.3.4',
      'http.route': '/x',
    };
    expect(Object.keys(metadataOf(clientOf(attributes))).filter((key) => key in attributes)).toEqual(['http.route']);
  });
});
