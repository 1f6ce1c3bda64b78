// Names from the pages of debuggercmds/ (windows-driver-docs). Commands that this debugger has, or that
// change the machine (debugger.cpp), are looked for before these.
#include "view/detail/absent_commands.h"

namespace view {
namespace {

// Without a prefix; with a dot; with an exclamation mark. Of an extension with a name of its own
// ("!ndiskd.oid") only that.
constexpr std::string_view plain =
    "# $$< $$>< $$>a< $< $>< aS ad ah al as dS dg ds dtx dv dx ib id iw j l+ l- ld ls lsa lsc lse lsf "
    "lsp n q qd qq rm so sq ss sx sx- sxd sxe sxi sxn sxr u ub uf up ur uu ux version vertarget z | || "
    "~";
constexpr std::string_view meta =
    "abandon allow_exec_cmds allow_image_mapping apply_dbp asm attach beep block bpcmds bpsync break "
    "breakin browse bugcheck cache catch chain childdbg clients closehandle cls context continue "
    "copysym cordll create createdir cxr dbgdbg detach dml_flow dml_start do dump dumpcab dvalloc "
    "dvfree echocpunum echotime echotimestamps ecxr effmach else elsif enable_long_status "
    "enable_unicode endpsrv endsrv enumtag event_code eventlog excr exdicmd exepath expr exptr exr "
    "extmatch extpath f+ f- fiber fiximports flash_on_break fnent fnret for force_radix_output force_tb "
    "foreach fpo frame help hh hideinjectedcode holdmem idle_cmd if ignore_missing_pages imgscan inline "
    "jdinfo kdfiles kdtargetmac kframes lastevent leave lines load loadby locale logappend logclose "
    "logfile logopen lsrcfix lsrcpath netuse noshell noversion nvlist nvload nvunload nvunloadall "
    "ocommand ofilter open opendump outmask pagein pcmd pop prefer_dml printf prompt_allow push "
    "quit_lock readmem record_branches reload remote remote_exit rrestart scriptdebug scriptlist "
    "scriptload scriptproviders scriptrun scriptunload scroll_prefs secure send_file server servers "
    "setdll settings shell show_read_failures show_sym_failures sleep sound_notify srcfix srcnoisy "
    "srcpath step_filter suspend_ui symfix symopt sympath thread time tlist trap tss ttime typeopt "
    "unload unloadall urestart while";
constexpr std::string_view extensions =
    "acl address ahcache alignmentfaults amli analyze analyzebugcheck apc arbinst arbiter atom avrf bcb "
    "bitcount blackboxbsd blackboxscm blockeddrv bpid bugdump bushnd ca callback calldata "
    "can_write_kdump chkimg chksym cmreslist cpuid cpuinfo critsec cs cxr db dblink dc dd deadlock "
    "defwrites devext devhandles devnode dflink dh dlls dma dml_proc dp dq dreg driveinfo dskheap dt du "
    "dumpfa dw eb ed envvar errlog errpkt errrec exca exchain exr filecache filelock filetime finddata "
    "findfilelockowner findstack findthreads for_each_frame for_each_function for_each_local "
    "for_each_module for_each_process for_each_register for_each_thread fpsearch frozen fwver fxdevice "
    "gatom gentable gflag gs heap help hidppd homedir hstring hstring2 htrace ib id igrep imggp "
    "imgreloc ioresdes ioreslist iovirp ipi irpzone isainfo isr ivt iw job kb ks kuser kv list lmi "
    "loadermemorylist lockedpages logonsession lookaside lpc mapped_file mca memlist memusage minipkd "
    "mps mtrr mui ndiskd net_send npx nsobj nstree ob obja od openmaps ow owner pars pat pci pciir "
    "pcitree pcm pcrs peb pfn pmc pmssa pnpevent pocaps pool poolfind poolused poolval popolicy "
    "powertriage pplookaside ppmidle ppmperf ppmsettings ppmstate processfields processirps psp pte "
    "pte2va ptov rcdrkd rebase reg regkcb rellist rpcexts rsdt rtlavl ruleinfo runaway running scm "
    "scsikd sd search searchpte sel session sid slist smt sprocess srb std_map stl storagekd str swd "
    "sym symsrv sysinfo sysptes teb threadfields threadtoken time tls token tokenfields tp trap triage "
    "tss tz tzinfo ubc ubd ube ubl ubp uniqstack urb usb3kd usbkd ustr vad vad_reload vadump "
    "validatelist verifier version vm vpb vtop wdfkd wdmaud whatperftime whattime whea wmitrace wsle "
    "xpool zombies";

bool has(std::string_view names, std::string_view name) {
    for (std::size_t at = names.find(name); at != names.npos; at = names.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' ')) return true;
    }
    return false;
}

} // namespace

bool is_absent_command(std::string_view name) {
    if (name.size() < 2) return has(plain, name);
    if (name.starts_with('.')) return has(meta, name.substr(1));
    if (name.starts_with('!')) return has(extensions, name.substr(1, name.find('.') - 1));
    return has(plain, name);
}

} // namespace view
