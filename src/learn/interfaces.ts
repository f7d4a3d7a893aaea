// Names of the RPC interfaces that matter on an Exchange server and a domain controller. Each UUID was compared with
// two publications: the specification named beside it, and a dissector's or scanner's own list of interfaces.

export const ENDPOINT_MAPPER = 'e1af8308-5d1f-11c9-91a4-08002b14a0fa';
/** The transfer syntax NDR64 (MS-RPCE, section 2.2.5); all others are taken for NDR (C706, chapter 14). */
export const NDR64 = '71710533-beba-4937-8319-b5dbef9ccc36';

const NAMES: ReadonlyMap<string, string> = new Map([
  // RPC itself: C706 appendixes O and Q, MS-DCOM.
  [ENDPOINT_MAPPER, 'endpoint mapper'],
  ['afa8bd80-7d8a-11c9-bef4-08002b102989', 'remote management'],
  ['99fcfec4-5260-101b-bbcb-00aa0021347a', 'DCOM object resolver'],
  ['000001a0-0000-0000-c000-000000000046', 'DCOM activation'],
  ['4d9f4ab8-7d1c-11cf-861e-0020af6e7c57', 'DCOM activation (old)'],
  ['00000131-0000-0000-c000-000000000046', 'DCOM IRemUnknown'],
  ['00000143-0000-0000-c000-000000000046', 'DCOM IRemUnknown2'],
  // Exchange: MS-OXCRPC, MS-OXNSPI, MS-OXABREF; the older ones from J.-B. Marchand's "Windows network services internals".
  ['a4f1db00-ca47-1067-b31f-00dd010662da', 'Exchange store (EMSMDB)'],
  ['5261574a-4572-206e-b268-6b199213b4e4', 'Exchange store notifications (AsyncEMSMDB)'],
  ['a4f1db00-ca47-1067-b31e-00dd010662da', 'Exchange store administration'],
  ['99e64010-b032-11d0-97a4-00c04fd6551d', 'Exchange store administration'],
  ['89742ace-a9ed-11cf-9c0c-08002be7ae86', 'Exchange store administration'],
  ['f5cc5a18-4264-101a-8c59-08002b2f8426', 'Exchange address book (NSPI)'],
  ['1544f5e0-613c-11d1-93df-00c04fd7bd09', 'Exchange directory referral (RFR)'],
  ['0e4a0156-dd5d-11d2-8c2f-00c04fb6bcde', 'Exchange information store'],
  ['1453c42c-0fa6-11d2-a910-00c04f990f3b', 'Exchange information store'],
  ['10f24e8e-0fa6-11d2-a910-00c04f990f3b', 'Exchange information store'],
  ['9e8ee830-4459-11ce-979b-00aa005ffebe', 'Exchange MTA'],
  ['38a94e72-a9bc-11d2-8faf-00c04fa378ff', 'Exchange MTA administration'],
  ['83d72bf0-0d89-11ce-b13f-00aa003bac6c', 'Exchange System Attendant (private)'],
  ['469d6ec0-0d87-11ce-b13f-00aa003bac6c', 'Exchange System Attendant (public)'],
  ['f930c514-1215-11d3-99a5-00a0c9b61b04', 'Exchange System Attendant (cluster)'],
  ['f5cc5a7c-4264-101a-8c59-08002b2f8426', 'Exchange and AD directory service (XDS)'],
  // Active Directory and its domain members: MS-DRSR, MS-NRPC, MS-LSAD, MS-SAMR, MS-DSSP, MS-FRS1, MS-FRS2 and others.
  ['e3514235-4b06-11d1-ab04-00c04fc2dcd2', 'AD replication (DRSUAPI)'],
  ['7c44d7d4-31d5-424c-bd5e-2b3e1f323d22', 'AD administration (DSAOP)'],
  ['ecec0d70-a603-11d0-96b1-00a0c91ece30', 'AD backup'],
  ['16e0cf3a-a604-11d0-96b1-00a0c91ece30', 'AD restore'],
  ['12345678-1234-abcd-ef00-01234567cffb', 'Netlogon'],
  ['12345778-1234-abcd-ef00-0123456789ab', 'LSA'],
  ['12345778-1234-abcd-ef00-0123456789ac', 'SAM'],
  ['3919286a-b10c-11d0-9ba8-00c04fd92ef5', 'domain setup (DSSETUP)'],
  ['f5cc59b4-4264-101a-8c59-08002b2f8426', 'file replication (FRS)'],
  ['897e2e5f-93f3-4376-9c9c-fd2277495c27', 'DFS replication'],
  ['50abc2a4-574d-40b3-9d66-ee4fd5fba076', 'DNS server administration'],
  ['91ae6020-9e3c-11cf-8d7c-00aa00c091be', 'certificate enrolment'],
  // Clusters, on which a DAG stands: MS-CMRP, MS-SWN, and MS-W32T for time.
  ['b97db8b2-4c63-11cf-bff6-08002be23f2f', 'failover cluster administration'],
  ['ccd8c074-d0e5-4a40-92b4-d074faa6ba28', 'SMB witness'],
  ['8fb6d884-2388-11d0-8c35-00c04fda2795', 'Windows Time'],
  // Administration of any Windows: MS-WKST, MS-SRVS, MS-SCMR, MS-RRP, MS-EVEN, MS-EVEN6, MS-TSCH, MS-WMI, MS-RSP.
  ['6bffd098-a112-3610-9833-46c3f87e345a', 'workstation service (wkssvc)'],
  ['4b324fc8-1670-01d3-1278-5a47bf6ee188', 'server service (srvsvc)'],
  ['367abb81-9844-35f1-ad32-98f038001003', 'service control (svcctl)'],
  ['338cd001-2244-31f1-aaaa-900038001003', 'remote registry (winreg)'],
  ['82273fdc-e32a-18c3-3f78-827929dc23ea', 'event log'],
  ['86d35949-83c9-4044-b424-db363231fd0c', 'task scheduler'],
  ['1ff70682-0a51-30e8-076d-740be8cee98b', 'task scheduler (at)'],
  ['378e52b0-c0a9-11cf-822d-00aa0051e40f', 'task scheduler (sasec)'],
  ['12345678-1234-abcd-ef00-0123456789ab', 'print spooler'],
  ['76f03f96-cdfd-44fc-a22c-64950a001209', 'print spooler (asynchronous)'],
  ['894de0c0-0d55-11d3-a322-00c04fa321a1', 'remote shutdown'],
  ['9556dc99-828c-11cf-a37e-00aa003240c7', 'WMI'],
  ['f309ad18-d86a-11d0-a075-00c04fb68820', 'WMI login'],
]);

/** What an interface is called, or null where its UUID (lower case) says nothing to us. */
export function interfaceName(uuid: string): string | null {
  return NAMES.get(uuid) ?? null;
}

/** Every UUID that has a name. */
export const NAMED_INTERFACES: readonly string[] = [...NAMES.keys()];
