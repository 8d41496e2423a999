import { Tree, type TreeNodeData, useTree } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import { changedPaths } from './changed-paths.js';

/** A longer list or record is shown in groups, so that a large state stays quick. */
const GROUP = 100;
const TEXT_MAX = 200;
/** A state with more lists and records than this is open only at its top. */
const OPEN_MAX = 40;

interface StateTreeProps {
  readonly label: string;
  readonly state: unknown;
}

/** A JSON value as a tree. Marks what has changed since the state that was shown before. */
export function StateTree({ label, state }: StateTreeProps) {
  const shown = useRef<{ state: unknown; changed: ReadonlySet<string> }>({ state, changed: new Set() });
  if (shown.current.state !== state) shown.current = { state, changed: changedPaths(shown.current.state, state) };
  const { changed } = shown.current;
  const data = useMemo(() => childrenOf(state, ''), [state]);
  const [initialExpandedState] = useState(() => openAtFirst(data));
  const tree = useTree({ initialExpandedState });
  if (data.length === 0) return <pre className="state-leaf">{textOf(state)}</pre>;
  return (
    <Tree
      aria-label={label}
      className="state-tree"
      data={data}
      tree={tree}
      levelOffset={18}
      renderNode={({ node, expanded, hasChildren, elementProps }) => (
        <div {...elementProps} className={`${elementProps.className} state-node${changed.has(node.value) ? ' changed' : ''}`}>
          <span aria-hidden="true" className="state-arrow">
            {hasChildren ? (expanded ? '▾' : '▸') : ''}
          </span>
          {node.label}
          {changed.has(node.value) && <span className="only-read"> changed</span>}
        </div>
      )}
    />
  );
}

function childrenOf(value: unknown, path: string): TreeNodeData[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const nodes = entries.map(([name, child]) => nodeOf(name, child, `${path}/${name}`));
  if (nodes.length <= GROUP) return nodes;
  return Array.from({ length: Math.ceil(nodes.length / GROUP) }, (_, index) => {
    const part = nodes.slice(index * GROUP, (index + 1) * GROUP);
    const [first, last] = [entries[index * GROUP], entries[index * GROUP + part.length - 1]];
    return { value: `${path}/…${index}`, label: `${first?.[0]} … ${last?.[0]}`, children: part };
  });
}

function nodeOf(name: string, value: unknown, path: string): TreeNodeData {
  const children = childrenOf(value, path);
  const label = (
    <>
      <span className="state-name">{name}</span>{' '}
      <span className={`state-value ${value === null ? 'null' : typeof value}`}>{textOf(value)}</span>
    </>
  );
  return children.length > 0 ? { value: path, label, children } : { value: path, label };
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${value.length}]`;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : `{${Object.keys(value).length}}`;
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

/** Returns the nodes that are open before the operator opens or closes any: all nodes of a small state, and none of a large one. */
function openAtFirst(data: readonly TreeNodeData[]): Record<string, boolean> {
  const all: Record<string, boolean> = {};
  const visit = (nodes: readonly TreeNodeData[]) => {
    for (const { value, children } of nodes)
      if (children) {
        all[value] = true;
        visit(children);
      }
  };
  visit(data);
  return Object.keys(all).length <= OPEN_MAX ? all : {};
}
