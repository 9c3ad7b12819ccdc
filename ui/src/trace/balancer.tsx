import './balancer.css';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { accessLogIn, isProblem, readAccessLog } from '../../../src/formats/access-log.ts';
import { balancerName, type BalancerView } from '../../../src/trace/balancer.ts';
import { outcomeOfStatus, requestOutcome } from '../../../src/trace/outcome.ts';
import { Copy } from '../copy.tsx';
import { absolute, count, duration, fullTime } from '../format.ts';
import { pasted } from '../pasted-lines.ts';
import { Url } from '../url.tsx';
import { visible } from '../visible.ts';
import { Pair } from './pair.tsx';

const NONE: readonly string[] = [];

/** The lines of access logs about a trace: imported ones, and those that the user pasted. */
function useLines(id: string, imported: readonly string[]): readonly { line: string; view: BalancerView }[] {
  const kept = pasted.value;
  return useMemo(() => {
    const texts = [
      ...imported,
      ...kept.filter((each) => each.id === id).flatMap(({ line }) => accessLogIn(line) ?? []),
    ];
    return [...new Set(texts)].flatMap((line) => {
      const view = readAccessLog(line);
      return isProblem(view) ? [] : [{ line, view }];
    });
  }, [id, imported, kept]);
}

/** Why there is no trace: the load balancer sent the request to no target, or else `children`. */
export function WhyMissing({ id, children }: { id: string; children: ComponentChildren }) {
  const lines = useLines(id, NONE);
  const isUnreached = lines.length > 0 && lines.every(({ view }) => view.target === undefined);
  if (!isUnreached) return <p>{children}</p>;
  return <p>The load balancer sent this request to no target, so no application has recorded a trace of it.</p>;
}

/** What load balancers' access logs say about the trace. */
export function Balancers({ id, imported = NONE }: { id: string; imported?: readonly string[] | undefined }) {
  const lines = useLines(id, imported);
  return (
    <>
      {lines.map(({ line, view }) => (
        <Balancer key={line} line={line} view={view} />
      ))}
    </>
  );
}

function Balancer({ line, view }: { line: string; view: BalancerView }) {
  const { status, targetStatus, requestSeconds, targetSeconds, responseSeconds } = view;
  const isMeasured = [requestSeconds, targetSeconds, responseSeconds].some((seconds) => seconds !== undefined);
  return (
    <details class="balancer">
      <summary>
        {status !== undefined && <span class={`badge ${requestOutcome(outcomeOfStatus(status))}`}>{status}</span>}
        <b>Load balancer {visible(balancerName(view))}</b>
        <span>{timesText(view)}</span>
        <span class="faint">from the access log, not a span</span>
      </summary>
      <div class="inside">
        <div class="halves">
          <dl class="pairs">
            <Pair name="Request">
              {view.url !== undefined && (
                <>
                  {view.method} <Url url={visible(view.url)} />
                </>
              )}
            </Pair>
            <Pair name="To the client">{status}</Pair>
            <Pair name="From the target">
              {targetStatus ?? (view.target === undefined ? 'No target was reached' : 'No response')}
            </Pair>
            <Pair name="Error reason">{shown(view.errorReason)}</Pair>
            <Pair name="Received">{view.start !== undefined && <Time seconds={view.start} />}</Pair>
            <Pair name="Responded">
              <Time seconds={view.end} />
            </Pair>
            {isMeasured ? (
              <>
                <Pair name="Request time">{secondsText(requestSeconds)}</Pair>
                <Pair name="Target time">{secondsText(targetSeconds)}</Pair>
                <Pair name="Response time">{secondsText(responseSeconds)}</Pair>
              </>
            ) : (
              <Pair name="Times">Not measured: no target received or answered the request</Pair>
            )}
            <Pair name="Redirected to">
              {view.redirectUrl !== undefined && <Url url={visible(view.redirectUrl)} />}
            </Pair>
            <Pair name="Classification">{shown(view.classification)}</Pair>
          </dl>
          <dl class="pairs">
            <Pair name="Client">{shown(view.client)}</Pair>
            <Pair name="User agent">{shown(view.userAgent)}</Pair>
            <Pair name="Target">{shown(view.target)}</Pair>
            <Pair name="Target group">{shown(view.targetGroup)}</Pair>
            <Pair name="Bytes">
              {view.receivedBytes !== undefined && `${count(view.receivedBytes)} received`}
              {view.sentBytes !== undefined && `, ${count(view.sentBytes)} sent`}
            </Pair>
            <Pair name="TLS">{shown(view.tls)}</Pair>
            <Pair name="Domain">{shown(view.domain)}</Pair>
            <Pair name="Rule">{ruleText(view)}</Pair>
            <Pair name="Actions">{shown(view.actions)}</Pair>
            <Pair name="Load balancer">{shown(view.balancer)}</Pair>
          </dl>
        </div>
        <p>
          <Copy text={line} what="line of the access log" title="Copy line" />
        </p>
      </div>
    </details>
  );
}

function Time({ seconds }: { seconds: number }) {
  return <time title={fullTime(seconds)}>{absolute(seconds)}</time>;
}

function shown(text: string | undefined): string | undefined {
  return text === undefined ? undefined : visible(text);
}

function timesText({ start, end, targetSeconds, targetStatus }: BalancerView): string {
  const whole = start === undefined ? '' : duration(end - start);
  const target =
    targetSeconds === undefined
      ? ''
      : `target ${duration(targetSeconds)}${targetStatus === undefined ? '' : `, ${targetStatus}`}`;
  return [whole, target].filter((part) => part !== '').join(' · ');
}

/** The balancer writes -1 when it could not measure. */
function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? 'Not measured' : duration(seconds);
}

function ruleText({ rulePriority }: BalancerView): string | undefined {
  if (rulePriority === undefined) return undefined;
  return rulePriority === 0 ? 'Default rule' : `Priority ${rulePriority}`;
}
