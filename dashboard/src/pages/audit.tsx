import { useQuery } from '@tanstack/react-query';
import { auditQuery } from '../api/queries.js';
import type { RecordedAct } from '../api/types.js';
import { AuditTable } from '../parts/audit-table.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pager } from '../parts/pager.js';
import { SearchField } from '../parts/search-field.js';
import { ANY, SelectField } from '../parts/select-field.js';
import { useFilters } from '../parts/use-filters.js';

/** The acts of the API. The type makes the compiler report an act that is missing here. */
const ACTS: Readonly<Record<RecordedAct['act'], true>> = {
  'server.cordon': true,
  'server.uncordon': true,
  'server.drain': true,
  'server.evict': true,
  'room.migrate': true,
  'room.end': true,
  'player.kick': true,
  'player.ban': true,
  'player.unban': true,
  'player.mute': true,
  'player.unmute': true,
};
const ACT_CHOICES = Object.keys(ACTS).map((act) => ({ value: act, label: act }));

/** The acts of operators: the actor, the target, the note and the result of each. */
export function AuditPage() {
  const [{ actor, act, target, after }, setFilters, filterBy] = useFilters();
  const { data, error, refetch } = useQuery(auditQuery({ actor, act, target, after, limit: '200' }));
  const isFiltered = [actor, act, target].some(Boolean);
  return (
    <Page title="Audit" aside={<span className="aside">every act of operators, refused ones too</span>}>
      <search className="filters">
        <SearchField label="Who" placeholder="Name of the token" value={actor} onChange={(value) => filterBy({ actor: value })} />
        <SelectField label="Act" choices={[ANY, ...ACT_CHOICES]} value={act} onChange={(value) => filterBy({ act: value })} />
        <SearchField label="Target" placeholder="Server, room or user" value={target} onChange={(value) => filterBy({ target: value })} />
      </search>
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : (
        <Section title="Acts" className="headless">
          <AuditTable
            label="Acts of operators, newest first"
            acts={data.acts}
            empty={
              <Empty>
                {isFiltered ? 'No act matches these filters.' : 'No operator has acted yet. Drains, kicks and all other acts appear here.'}
              </Empty>
            }
          />
          <Pager after={after} next={data.next} setFilters={setFilters}>
            {data.acts.length} shown
          </Pager>
        </Section>
      )}
    </Page>
  );
}
