import type { SpanException, StackFrame } from '../../../src/trace/model.ts';

export interface ShownFrame extends StackFrame {
  /** Probably part of the application, not of a library, a framework or the runtime. */
  readonly isOwn: boolean;
}

/** Folders of libraries and runtimes. */
const LIBRARY_PATH =
  /(^|[/\\])(site-packages|dist-packages|node_modules|vendor|gems|\.cargo|rustlib)[/\\]|[/\\](pkg[/\\]mod|go[/\\]src|lib[/\\]python\d[\d.]*|lib[/\\]ruby)[/\\]|^(node:|internal[/\\]|<|\/usr\/lib\/|\/usr\/local\/lib\/|\/var\/runtime\/|\/rustc\/)/;
/** Classes of runtimes and frameworks, for frames without folders. */
const LIBRARY_LABEL =
  /^(at )?(java|javax|jakarta|jdk|sun|kotlin|scala|akka|reactor|com\.(sun|amazonaws|fasterxml|zaxxer|google\.common)|software\.amazon|io\.(netty|grpc|micronaut|quarkus|undertow|vertx)|org\.(apache|eclipse|springframework|hibernate|jboss|postgresql|glassfish|junit)|System|Microsoft|Amazon|MS\.Internal)\./;
/** Python's SDK sends file names without folders: well-known functions of frameworks and libraries. */
const LIBRARY_FUNCTIONS: Readonly<Record<string, RegExp>> = {
  // Flask, Starlette, Werkzeug, gunicorn and Django
  'app.py':
    /^(wsgi_app|full_dispatch_request|dispatch_request|handle_user_exception|handle_exception|preprocess_request|finalize_request|__call__)$/,
  'applications.py': /^__call__$/,
  'routing.py': /^(app|handle|__call__|run_endpoint_function|wrapped_app)$/,
  'exceptions.py': /^__call__$/,
  'errors.py': /^__call__$/,
  'serving.py': /^(run_wsgi|execute|handle|handle_one_request|run)$/,
  'base.py': /^(get_response|_get_response|execute|cursor|_execute_context|_execute_clauseelement|handle|__call__)$/,
  'exception.py': /^inner$/,
  'deprecation.py': /^__call__$/,
  'middleware.py': /^(__call__|dispatch|call_next)$/,
  'sync.py': /^(run|run_for_one|accept|handle|handle_request)$/,
  'default.py': /^do_execute$/,
  // requests, urllib3, botocore
  'api.py': /^(request|get|post|put|patch|delete)$/,
  'sessions.py': /^(request|send|get|post|put|patch|delete)$/,
  'adapters.py': /^send$/,
  'connectionpool.py': /./,
  'connection.py': /^(connect|request|_new_conn|create_connection)$/,
  'retry.py': /^increment$/,
  'client.py': /^(_api_call|_make_api_call|_make_request|request|_send_request|_send_output|send|endheaders|connect)$/,
  'endpoint.py': /^(make_request|_send_request|_get_response|_send)$/,
  // Python itself
  'threading.py': /./,
  'socketserver.py': /./,
  'runpy.py': /./,
  'base_events.py': /./,
  'runners.py': /./,
  'thread.py': /^(run|_worker)$/,
  'contextlib.py': /./,
  'functools.py': /./,
};

/** Innermost first. */
export function framesOf({ frames }: SpanException): ShownFrame[] {
  return frames.map(({ path, line, label }) => ({ path, line, label, isOwn: isOwn(path, label) }));
}

function isOwn(path: string, label: string): boolean {
  if (LIBRARY_PATH.test(path) || LIBRARY_LABEL.test(label)) return false;
  return !Object.hasOwn(LIBRARY_FUNCTIONS, path) || LIBRARY_FUNCTIONS[path]?.test(label) !== true;
}

/** "repository.py:88". */
export function placeOf({ path, line, label }: StackFrame): string {
  const file = path.split(/[/\\]/).at(-1) ?? '';
  return file === '' ? label : `${file}${line > 0 ? `:${line}` : ''}`;
}

/**
 * The absolute path of a file; undefined if it is unknown: for a bare file name, a location inside the runtime, or a
 * relative path without a recorded working directory or a source folder in the settings.
 */
export function resolvedPath(path: string, folder: string | undefined, sourceRoot: string): string | undefined {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path)) return path;
  if (/^(node:|internal[/\\]|<|[a-z]+:\/\/)/.test(path) || !/[/\\]/.test(path)) return undefined;
  if (folder !== undefined && folder !== '') return `${folder.replace(/[/\\]$/, '')}/${path}`;
  return sourceRoot === '' ? undefined : path;
}
