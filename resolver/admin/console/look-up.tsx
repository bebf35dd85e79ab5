// One number: where its user data lies, and everything that was considered.

import { Fragment } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RoutingInfo } from '../../http/schemas.ts';
import { AdminError, get } from './admin-client.ts';
import { duration, whole } from './format.ts';
import { Failure, Notice, Panel, View } from './parts.tsx';

type Considered = NonNullable<RoutingInfo['explanation']>[number];
type Match = RoutingInfo['match'];

type Answer =
  | { state: 'none' }
  | { state: 'asking' }
  | { state: 'found'; info: RoutingInfo }
  | { state: 'failed'; error: AdminError };

/** `imsi-…` and `msisdn-…` as they are; digits with or without + and spaces are an MSISDN. */
export function ueIdOf(text: string): string {
  const plain = text.trim().toLowerCase();
  if (/^(imsi|msisdn)-/.test(plain)) return plain;
  return `msisdn-${plain.replace(/[\s().+-]/g, '')}`;
}

export function LookUpView({ ueId }: { ueId: string }) {
  const [answer, setAnswer] = useState<Answer>({ state: 'none' });
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ueId === '') {
      setAnswer({ state: 'none' });
      return undefined;
    }
    const aborting = new AbortController();
    setAnswer({ state: 'asking' });
    const path = `/admin/v1/routing-info/${encodeURIComponent(ueId)}?explain=true`;
    get<RoutingInfo>(path, aborting.signal).then(
      (info) => setAnswer({ state: 'found', info }),
      (error) => {
        if (error instanceof AdminError) setAnswer({ state: 'failed', error });
      },
    );
    return () => aborting.abort();
  }, [ueId]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    location.hash = `#/look-up/${encodeURIComponent(ueIdOf(field.current!.value))}`;
  };
  return (
    <View title="Lookup">
      <form class="search" onSubmit={submit}>
        <label for="number">Number</label>
        <input
          id="number"
          ref={field}
          name="number"
          defaultValue={ueId}
          key={ueId}
          placeholder="+358 40 123 4567, imsi-244911234567890"
          autocomplete="off"
          spellcheck={false}
          inputMode="text"
          maxLength={40}
          required
        />
        <button type="submit">Look up</button>
      </form>
      <div aria-live="polite" aria-busy={answer.state === 'asking'}>
        <AnswerOf answer={answer} />
      </div>
    </View>
  );
}

function AnswerOf({ answer }: { answer: Answer }) {
  switch (answer.state) {
    case 'none':
      return (
        <Notice title="Which network element holds a number's user data?">
          Enter an MSISDN with its country code, or an IMSI as <code>imsi-244911234567890</code>.
          The answer comes from the same index as the answers of the network interfaces.
        </Notice>
      );
    case 'asking':
      return <p class="hint">Asking …</p>;
    case 'failed':
      if (answer.error.status === 404) {
        return (
          <Notice kind="warning" title="Not found">
            No prefix, fragmented run or ported number covers it: it belongs to no member.
          </Notice>
        );
      }
      if (answer.error.status === 400) {
        return (
          <Notice kind="warning" title="That is not a number">
            An MSISDN has 1 to 15 digits, an IMSI as many after <code>imsi-</code>.
          </Notice>
        );
      }
      return <Failure what="The lookup failed" error={answer.error} />;
    default:
      return <Found info={answer.info} />;
  }
}

function Found({ info }: { info: RoutingInfo }) {
  const { route, ledger, match, ueId, userDataIndex, explanation = [], explanationCut } = info;
  const rows: [string, string][] = [
    ['Member', route.member],
    ['Element', `${route.nfType} ${route.id}`],
    ['Address', `${route.fqdn}, ${route.ipv4Addresses.join(', ')} port ${route.port}`],
    ['PLMN', `${route.plmn.mcc}-${route.plmn.mnc}`],
    ['Group', route.groupId],
    ['Instance', route.nfInstanceId],
    ...(userDataIndex === undefined
      ? []
      : ([['User data', `record ${whole(userDataIndex)}`]] as [string, string][])),
    ['As of block', `${whole(ledger.height)}${lagOf(ledger.lagMs)}`],
  ];
  return (
    <>
      <Panel title={ueId}>
        <p class="answer">
          <Kind entry={match.entry} /> {describe(match)}
        </p>
        <dl class="facts">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{name === 'Address' ? breakable(value) : value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title="Entries that cover it">
        <ol class="trace">
          {explanation.map((one, at) => (
            <Step key={`${at}`} one={one} />
          ))}
        </ol>
        {explanationCut && (
          <p class="muted">
            Not shown: {whole(explanationCut.runsLeftOut)}
            {explanationCut.orMore ? ' or more' : ''} runs around the outermost one above.
          </p>
        )}
      </Panel>
    </>
  );
}

/** A domain name that is broken after its dots, where it has to be. */
function breakable(text: string) {
  return text.split(/(?<=\.)/).map((part, at) => (
    <Fragment key={`${at}`}>
      {part}
      <wbr />
    </Fragment>
  ));
}

function Step({ one }: { one: Considered }) {
  const { match, route, wins, why, matchedLength, setBy } = one;
  return (
    <li class={wins ? 'wins' : ''}>
      <div>
        <Kind entry={match.entry} /> <b>{describe(match)}</b> → {route.member}
        <span class="muted"> {route.id}</span>
      </div>
      <div class="muted">
        {wins ? 'Used: ' : 'Not used: '}
        {why}. {matchedLength} {matchedLength === 1 ? 'digit' : 'digits'} matched.
      </div>
      <div class="muted">
        {setBy === null
          ? 'Which block set it is not known here.'
          : `Set in block ${whole(setBy.height)}${setBy.transaction ? ` by transaction ${setBy.transaction.slice(0, 16)}…` : '.'}`}
      </div>
    </li>
  );
}

function Kind({ entry }: { entry: Match['entry'] }) {
  return <span class={`kind ${entry}`}>{entry}</span>;
}

function describe({ prefix, from, to }: Match): string {
  if (prefix !== undefined) return `${prefix}…`;
  return from === to ? `${from}` : `${from} – ${to}`;
}

function lagOf(lagMs: number | null): string {
  if (lagMs === null || lagMs === 0) return '';
  return `, ${duration(lagMs)} behind`;
}
