def do_in_portions(env, do_portion):
    """Have a job call `do_portion` until that says there is no more to do, or the time of the job is over.

    Each call is a transaction of its own, done again where it meets another worker's.
    """
    mailings, cron = env["email.campaign.mailing"], env["ir.cron"]
    cron._commit_progress(remaining=1)
    while mailings._committed(do_portion):
        if not cron._commit_progress(1, remaining=1):
            return
    cron._commit_progress(remaining=0)
