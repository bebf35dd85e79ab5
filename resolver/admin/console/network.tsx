// A node's part in the network: the chain as it knows it, its peers and what they are worth to it.

import type { Network } from '../console-model.ts';
import { whole } from './format.ts';
import { usePolled } from './hooks.ts';
import { Failure, Notice, Panel, View } from './parts.tsx';

type Node = NonNullable<Network['node']>;

const POLL_MS = 2000;
/** At this and below, gossip hears nothing from a peer. */
const GRAYLIST = -80;

export function NetworkView() {
  const { value, error } = usePolled<Network>('/admin/v1/network', POLL_MS);
  return (
    <View title="Network">
      {error && error.status !== 0 && <Failure what="The network cannot be read" error={error} />}
      {value?.node === null && (
        <Notice title="This process is not a node of a network">
          It serves a snapshot or a ledger of its own. To follow a chain that several nodes share,
          start <code>bchf node</code>.
        </Notice>
      )}
      {value?.node && <NodeOf node={value.node} />}
      {!value && !error && <p class="hint">Asking …</p>}
    </View>
  );
}

function NodeOf({ node }: { node: Node }) {
  const { halted, peers } = node;
  const rows: [string, string][] = [
    ['Chain', node.chainId],
    ['State', node.state],
    ['Height', `${whole(node.height)} of ${whole(node.newestHeight)}`],
    ['Makes blocks', node.proposes ? 'yes' : 'no'],
    ['Transactions waiting', whole(node.pendingTransactions)],
    ['Peer id', node.peerId],
    ['Listens at', node.addresses.join(', ') || 'no address'],
  ];
  return (
    <>
      {halted && (
        <Notice
          kind="error"
          title={`The chain is not followed past height ${whole(halted.height)}`}
        >
          {halted.message} <code class="code">{halted.code}</code>
        </Notice>
      )}
      <Panel title="This node">
        <dl class="facts">
          {rows.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title={`Peers (${peers.length})`}>
        {peers.length === 0 ? (
          <Notice kind="warning" title="No peer is connected">
            This node receives no blocks. Check its addresses, firewalls and --gossip-allow.
          </Notice>
        ) : (
          <Peers peers={peers} newestHeight={node.newestHeight} />
        )}
      </Panel>
    </>
  );
}

function Peers({ peers, newestHeight }: { peers: Node['peers']; newestHeight: number }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">Height</th>
            <th scope="col">Behind</th>
            <th scope="col">Score</th>
            <th scope="col" class="left">
              Standing
            </th>
          </tr>
        </thead>
        <tbody>
          {peers.map(({ peerId, height, score }) => (
            <tr key={peerId}>
              <th scope="row">
                <code class="peer">{peerId}</code>
              </th>
              <td>{height === null ? '–' : whole(height)}</td>
              <td>{height === null ? '–' : whole(Math.max(0, newestHeight - height))}</td>
              <td class={score < 0 ? 'warning' : ''}>{Math.round(score)}</td>
              <td class="left">{standingOf(score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        Height: the newest block that the peer has told this node of; it may have newer ones. Score:
        0 at first, lower after each fault, and rising again with time. At {GRAYLIST} and below the
        peer is ignored.
      </p>
    </div>
  );
}

function standingOf(score: number): string {
  if (score <= GRAYLIST) return 'ignored';
  return score < 0 ? 'scored down' : 'good';
}
